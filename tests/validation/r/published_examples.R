# Reference values for tests/validation/test_published_examples.py. Run in this folder: Rscript published_examples.R
# R 4.2.2, MASS 7.3-58.2, survival 3.5-3, metafor 3.8-1. Data: ../data/scottish_lip_cancer.csv, ../data/sicily_2002_2006.csv
# and the trial of Freireich (1963), typed below.
suppressMessages({library(MASS); library(survival); library(metafor)})
out <- list()
show <- function(name, value) out[[length(out) + 1]] <<- data.frame(name = name, value = sprintf("%.17g", as.numeric(value)))

# Lip cancer in Scotland: the negative binomial of MASS is the gamma-Poisson model; shape theta, mean exp(intercept).
lip <- read.csv("../data/scottish_lip_cancer.csv")
fit <- glm.nb(deaths ~ 1 + offset(log(expected)), data = lip, control = glm.control(epsilon = 1e-14, maxit = 200))
mean <- exp(coef(fit)); shape <- fit$theta
show("lip mean", mean)
show("lip between_variance", mean^2 / shape)
a <- shape + lip$deaths; b <- shape / mean + lip$expected
show(paste("lip estimate", lip$district), a / b)
show(paste("lip lower", lip$district), qgamma(0.025, a, b))
show(paste("lip upper", lip$district), qgamma(0.975, a, b))

# Smoking ban in Sicily: quasi-Poisson with a change of level and slope in month 37 and one or two waves a year.
sicily <- read.csv("../data/sicily_2002_2006.csv")
sicily$since <- sicily$month - 37; sicily$ban <- as.numeric(sicily$month >= 37); sicily$more <- sicily$since * sicily$ban
waves <- function(k) with(sicily, cbind(sin(2 * pi * k * month / 12), cos(2 * pi * k * month / 12)))
season <- scale(cbind(waves(1), waves(2)), scale = FALSE)
tight <- glm.control(epsilon = 1e-14, maxit = 100)
for (label in c("plain", "season")) {
  x <- cbind(1, sicily$since, sicily$ban, sicily$more, if (label == "season") season)
  f <- glm(sicily$admissions ~ x - 1 + offset(log(sicily$standard_population)), family = quasipoisson, control = tight)
  s <- summary(f)$coefficients[1:4, ]
  terms <- c("level_before", "slope_before", "level_change", "slope_change")
  show(paste("sicily", label, terms, "estimate"), exp(s[, 1]))
  show(paste("sicily", label, terms, "se"), s[, 2])
}
# The same with a change of level alone.
for (label in c("plain", "season")) {
  x <- cbind(1, sicily$since, sicily$ban, if (label == "season") season)
  f <- glm(sicily$admissions ~ x - 1 + offset(log(sicily$standard_population)), family = quasipoisson, control = tight)
  s <- summary(f)$coefficients[1:3, ]
  terms <- c("level_before", "slope_before", "level_change")
  show(paste("sicily", label, "without slope", terms, "estimate"), exp(s[, 1]))
  show(paste("sicily", label, "without slope", terms, "se"), s[, 2])
}
show("sicily months mean", t.test(sicily$admissions[sicily$ban == 0])$estimate)
show(paste("sicily months", c("lower", "upper")), t.test(sicily$admissions[sicily$ban == 0])$conf.int)

# Remission of leukaemia, weeks: 6-MP against placebo.
six <- data.frame(weeks = c(6, 6, 6, 6, 7, 9, 10, 10, 11, 13, 16, 17, 19, 20, 22, 23, 25, 32, 32, 34, 35),
                  relapse = c(1, 1, 1, 0, 1, 0, 1, 0, 0, 1, 1, 0, 0, 0, 1, 1, 0, 0, 0, 0, 0), drug = "6-MP")
placebo <- data.frame(weeks = c(1, 1, 2, 2, 3, 4, 4, 5, 5, 8, 8, 8, 8, 11, 11, 12, 12, 15, 17, 22, 23), relapse = 1,
                      drug = "placebo")
curve <- survfit(Surv(weeks, relapse) ~ 1, data = six, conf.type = "log-log")
at <- curve$n.event > 0
for (part in c("surv", "lower", "upper")) show(paste("remission", part, curve$time[at]), curve[[part]][at])
both <- rbind(six, placebo); both$placebo <- as.numeric(both$drug == "placebo")
cox <- coxph(Surv(weeks, relapse) ~ placebo, data = both, ties = "efron",
             control = coxph.control(eps = 1e-12, toler.chol = 1e-14, iter.max = 50))
show("remission hazard", exp(coef(cox)))
show(paste("remission hazard", c("lower", "upper")), exp(confint(cox)))
show("remission log-rank", survdiff(Surv(weeks, relapse) ~ drug, data = both)$chisq)

# Exact ratio of two rates, conditional on all events.
for (row in list(c(13, 1500, 36, 2400), c(0, 900, 7, 1100), c(2, 40, 1, 55), c(120, 8000, 95, 8100))) {
  p <- poisson.test(row[c(3, 1)], row[c(4, 2)])
  show(paste("rate ratio", paste(row, collapse = " "), c("lower", "upper")), p$conf.int)
}

# Variance between districts by DerSimonian and Laird: what Spiegelhalter's additive model takes over.
y <- sqrt(lip$deaths / lip$expected); se <- 0.5 / sqrt(lip$expected)
dl <- rma(y, sei = se, method = "DL")
show("funnel centre", rma(y, sei = se, method = "FE")$beta)
show("funnel phi", dl$QE / length(y))
show("funnel tau2", dl$tau2)
write.csv(do.call(rbind, out), "published_examples_expected.csv", row.names = FALSE, quote = FALSE)
