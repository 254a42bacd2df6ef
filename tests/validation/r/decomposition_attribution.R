# Oaxaca-Blinder, Wagstaff, Shapley and attributable fractions with base R (lm, glm), on made-up persons.
# Rscript tests/validation/r/decomposition_attribution.R, from the root of the repository.
people <- read.csv("tests/validation/data/decomposition_people.csv")
out <- c()
put <- function(name, value) out <<- c(out, sprintf("%s,%.17g", name, value))

a <- people[people$who == "low", ]; b <- people[people$who == "high", ]
terms <- health ~ income + school
one <- lm(terms, a); two <- lm(terms, b)
xa <- colMeans(model.matrix(one)); xb <- colMeans(model.matrix(two))
put("oaxaca_endowments", sum((xa - xb) * coef(two)))
put("oaxaca_coefficients", sum(xb * (coef(one) - coef(two))))
put("oaxaca_interaction", sum((xa - xb) * (coef(one) - coef(two))))
pooled <- coef(lm(health ~ income + school + I(who == "low"), people))[1:3]
put("oaxaca_pooled_explained", sum((xa - xb) * pooled))
wa <- lm(terms, a, weights = weight); wb <- lm(terms, b, weights = weight)
ma <- apply(model.matrix(wa), 2, weighted.mean, a$weight); mb <- apply(model.matrix(wb), 2, weighted.mean, b$weight)
put("oaxaca_weighted_explained", sum((ma - mb) * coef(wb)))

r <- (rank(people$income) - 0.5) / nrow(people)
index <- function(v) 2 * mean((v - mean(v)) * (r - mean(r))) / mean(v)
all <- lm(health ~ income + school + age, people)
for (v in c("income", "school", "age"))
  put(paste0("wagstaff_", v), coef(all)[[v]] * mean(people[[v]]) / mean(people$health) * index(people[[v]]))
put("wagstaff_total", index(people$health))

r2 <- function(v) if (length(v)) summary(lm(reformulate(v, "health"), people))$r.squared else 0
names3 <- c("income", "school", "age")
orders <- list(c(1,2,3), c(1,3,2), c(2,1,3), c(2,3,1), c(3,1,2), c(3,2,1))
for (v in 1:3) put(paste0("shapley_", names3[v]), mean(sapply(orders, function(o) {
  k <- which(o == v); r2(names3[o[seq_len(k)]]) - r2(names3[o[seq_len(k - 1)]]) })))

fit <- glm(ill ~ smoke + idle + age, binomial, people, control = list(epsilon = 1e-14, maxit = 100))
cases <- sum(people$ill)
averted <- function(v) { without <- people; for (k in v) without[[k]] <- 0
  1 - sum(predict(fit, without, type = "response")) / cases }
put("paf_smoke", averted("smoke")); put("paf_idle", averted("idle")); put("paf_combined", averted(c("smoke", "idle")))
put("paf_average_smoke", (averted("smoke") + averted(c("smoke", "idle")) - averted("idle")) / 2)
poisson <- glm(ill ~ smoke + idle + offset(log(years)), poisson, people, control = list(epsilon = 1e-14, maxit = 100))
without <- people; without$smoke <- 0
put("paf_poisson_smoke", 1 - sum(predict(poisson, without, type = "response")) / cases)
writeLines(c("name,value", out), "tests/validation/r/decomposition_attribution.csv")
cat(R.version.string, "\n")
