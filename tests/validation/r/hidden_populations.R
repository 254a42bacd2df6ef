# Capture-recapture with glm and a profile by uniroot, power by listing every outcome, adjusted p-values: base R.
# Rscript tests/validation/r/hidden_populations.R, from the root of the repository.
out <- c()
put <- function(name, value) out <<- c(out, sprintf("%s,%.17g", name, value))
tight <- glm.control(epsilon = 1e-14, maxit = 200)

# --- Hepatitis A, a college in Taiwan, 1995: cases on list P (135), Q (122) and E (126), 271 in all ----------------
people <- expand.grid(e = c(1, 0), q = c(1, 0), p = c(1, 0))[1:7, ]
people$count <- c(28, 21, 17, 69, 18, 55, 63)
stopifnot(with(people, c(sum(count * p), sum(count * q), sum(count * e), sum(count))) == c(135, 122, 126, 271))
models <- list(independence = ~ p + q + e, "p:q" = ~ p + q + e + p:q, "p:e" = ~ p + q + e + p:e,
               "q:e" = ~ p + q + e + q:e, "p:q + p:e" = ~ p + q + e + p:q + p:e,
               "p:q + q:e" = ~ p + q + e + p:q + q:e, "p:e + q:e" = ~ p + q + e + p:e + q:e,
               "p:q + p:e + q:e" = ~ (p + q + e)^2)
for (name in names(models)) {
  form <- update(models[[name]], count ~ .)
  fit <- glm(form, poisson, people, control = tight)
  none <- exp(coef(fit)[[1]])
  put(paste(name, "size"), 271 + none)
  put(paste(name, "error"), sqrt(none + none^2 * vcov(fit)[1, 1]))
  put(paste(name, "deviance"), deviance(fit))
  likelihood <- function(missed) {  # multinomial, N = 271 + missed
    whole <- rbind(people, data.frame(e = 0, q = 0, p = 0, count = missed))
    n <- 271 + missed
    share <- fitted(suppressWarnings(glm(form, poisson, whole, control = tight))) / n
    lgamma(n + 1) - lgamma(missed + 1) + sum(whole$count * log(share))
  }
  best <- optimize(likelihood, c(0.01, 3 * none), maximum = TRUE, tol = 1e-8)
  below <- function(missed) 2 * (best$objective - likelihood(missed)) - qchisq(0.95, 1)
  put(paste(name, "lower"), 271 + uniroot(below, c(0.01, best$maximum), tol = 1e-9)$root)
  put(paste(name, "upper"), 271 + uniroot(below, c(best$maximum, 50 * none), tol = 1e-9)$root)
}

# --- Power of the exact test: reject when the exact interval of poisson.test leaves out 1 -------------------------
power <- function(ratio, events, time) {
  x <- 0:400
  cells <- expand.grid(x = x, y = x)
  cells <- subset(cells, x + y > 0)
  low <- ifelse(cells$x > 0, qbeta(0.025, cells$x, cells$y + 1), 0)
  high <- ifelse(cells$y > 0, qbeta(0.975, cells$x + 1, cells$y), 1)
  equal <- time / (1 + time)
  rejected <- low > equal | high < equal
  sum(dpois(cells$x, ratio * time * events)[rejected] * dpois(cells$y, events)[rejected])
}
for (case in list(c(1, 10, 1), c(2, 10, 1), c(1.5, 40, 1), c(0.5, 60, 0.7), c(3, 5, 2.5)))
  put(paste(c("power", case), collapse = " "), power(case[1], case[2], case[3]))
interval <- poisson.test(c(12, 4), c(1, 1))$conf.int
put("interval lower", interval[1]); put("interval upper", interval[2])

p <- c(0.01, 0.2, 0.03, 0.5, 0.04, 0.001)
for (method in c("bonferroni", "holm", "BH")) for (place in seq_along(p))
  put(paste(method, place), p.adjust(p, method)[place])
writeLines(c("name,value", out), "tests/validation/r/hidden_populations_expected.csv")
cat(R.version.string, "\n")
