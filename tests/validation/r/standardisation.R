# Reference values for tests/validation/test_standardisation.py. Run in this folder: Rscript standardisation.R
# R 4.2.2, epitools 0.5-10.1, popEpi 0.4.10. The input is made up.
suppressMessages({library(epitools); library(popEpi); library(data.table)})
show <- function(name, value) data.frame(name = name, value = sprintf("%.17g", as.numeric(value)))
d <- read.csv("standardisation_input.csv"); s <- read.csv("standardisation_standard.csv")
out <- list()
for (g in unique(d$region)) for (level in c(0.95, 0.998)) {
  x <- d[d$region == g, ]
  a <- ageadjust.direct(x$deaths, x$person_years, stdpop = s$weight, conf.level = level)
  i <- ageadjust.indirect(x$deaths, x$person_years, s$deaths, s$person_years, conf.level = level)
  out <- c(out, list(show(paste(g, level, "dsr", names(a)), a),
                     show(paste(g, level, "sir", names(i$sir)), i$sir),
                     show(paste(g, level, "rate", names(i$rate)), i$rate)))
}
dt <- data.table(d); dt[, age := as.integer(factor(age_band, levels = s$age_band))]
w <- s$weight / sum(s$weight)
r <- rate(dt, obs = "deaths", pyrs = "person_years", print = "region", adjust = "age", weights = w)
for (k in seq_len(nrow(r))) out <- c(out, list(show(paste(r$region[k], "popEpi", "rate.adj"), r$rate.adj[k]),
                                               show(paste(r$region[k], "popEpi", "SE.rate.adj"), r$SE.rate.adj[k])))
for (count in c(0, 1, 7, 12, 68, 250)) {
  e <- poisson.test(count)$conf.int; b <- pois.byar(count)
  out <- c(out, list(show(paste("count", count, "exact", c("lower", "upper")), e),
                     show(paste("count", count, "byar", c("lower", "upper")), c(b$lower, b$upper))))
}
q <- tryCatch(pois.exact(0), error = function(e) NULL)
if (!is.null(q)) out <- c(out, list(show(paste("pois.exact 0", c("lower", "upper")), c(q$lower, q$upper))))
q <- tryCatch(pois.exact(0, conf.level = 0.998), error = function(e) NULL)
if (!is.null(q)) out <- c(out, list(show(paste("pois.exact 0 at 0.998", c("lower", "upper")), c(q$lower, q$upper))))
fit <- glm(deaths ~ region + age_band + offset(log(person_years)), family = poisson,
           data = transform(d, region = relevel(factor(region), "north"), age_band = factor(age_band, levels = s$age_band)),
           control = glm.control(epsilon = 1e-14, maxit = 100))
co <- summary(fit)$coefficients
out <- c(out, list(show(paste("glm", rownames(co), "coefficient"), co[, 1]), show(paste("glm", rownames(co), "se"), co[, 2]),
                   show("glm deviance", deviance(fit))))
write.csv(do.call(rbind, out), "standardisation_expected.csv", row.names = FALSE)
