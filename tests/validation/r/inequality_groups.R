# Reference values for tests/validation/test_inequality.py, groups: base R (lm, glm), written out where it has no function.
# Run in this directory: Rscript inequality_groups.R
# Reads inequality_groups_input.csv (made up), writes inequality_groups_expected.csv with all digits.
groups <- read.csv("inequality_groups_input.csv")
rows <- list()
add <- function(name, statistic, value) {
  rows[[length(rows) + 1]] <<- data.frame(name = name, statistic = statistic, value = sprintf("%.17g", as.numeric(value)))
}
p <- groups$population / sum(groups$population)
groups$rank <- cumsum(p) - p / 2
y <- groups$estimate; se <- groups$standard_error; n <- groups$population; k <- nrow(groups)

hc1 <- function(fit, score) {
  bread <- summary(fit)$cov.unscaled
  bread %*% crossprod(score) %*% bread * k / (k - 2)
}
families <- list(linear = gaussian(), logit = binomial(), log = binomial(log), poisson = poisson())
for (link in names(families)) {
  family <- families[[link]]
  start <- if (link == "log") c(-1.5, 0) else NULL
  # The population enters once: as the number of trials, the exposure, or the weight of least squares.
  for (round in 1:3) {
    fit <- suppressWarnings(glm(y ~ rank, data = groups, family = family, weights = n, start = start,
                                control = list(epsilon = 1e-15, maxit = 200)))
    start <- coef(fit)
  }
  x <- model.matrix(fit)
  mu <- fitted(fit)
  score <- x * as.vector(n * (y - mu) * family$mu.eta(fit$linear.predictors) / family$variance(mu))
  eta <- c(coef(fit)[1], sum(coef(fit)))
  ends <- family$linkinv(eta); slope <- family$mu.eta(eta)
  sii <- c(slope[2] - slope[1], slope[2])
  rii <- c(slope[2] / ends[2] - slope[1] / ends[1], slope[2] / ends[2])
  add(paste("sii", link), "estimate", ends[2] - ends[1])
  add(paste("rii", link), "estimate", ends[2] / ends[1])
  v <- hc1(fit, score)
  add(paste("sii", link), "robust", sqrt(sii %*% v %*% sii))
  add(paste("rii", link), "robust_log", sqrt(rii %*% v %*% rii))
  if (link != "linear") {
    v <- summary(fit, dispersion = 1)$cov.unscaled
    add(paste("sii", link), "model", sqrt(sii %*% v %*% sii))
    add(paste("rii", link), "model_log", sqrt(rii %*% v %*% rii))
  }
}
# What becomes of the logistic index when the population enters twice: counts of cases, weighted by the population again.
twice <- suppressWarnings(glm(y ~ rank, data = groups, family = binomial(), weights = n^2, control = list(epsilon = 1e-15)))
add("sii logit twice", "estimate", plogis(sum(coef(twice))) - plogis(coef(twice)[1]))

# Measures of dispersion, as printed in Ahn et al. 2018, JCO Clin Cancer Inform 2:1-19, table 1 and appendix.
mu <- sum(p * y)
add("bgv", "estimate", sum(p * (y - mu)^2))
pairs <- outer(p^2 * se^2, p^2 * se^2); diag(pairs) <- 0
add("bgv", "standard_error", sqrt(4 * sum(p^2 * (y - mu)^2 * se^2) + 2 * (sum((p * (1 - p))^2 * se^4) + sum(pairs))))
add("bgsd", "estimate", sqrt(sum(p * (y - mu)^2)))
add("cov", "estimate", sqrt(sum(p * (y - mu)^2)) / mu)
r <- y / mu
add("mld", "estimate", -sum(p * log(r)))
add("mld", "standard_error", sqrt(sum(p^2 * se^2 * (1 / mu - 1 / y)^2)))
add("theil", "estimate", sum(p * r * log(r)))
add("theil", "standard_error", sqrt(sum(p^2 * se^2 * (1 + log(r) - sum(p * r * (1 + log(r))))^2)) / mu)
add("mdm", "estimate", mean(abs(y - mu)))
add("mdm_weighted", "estimate", sum(p * abs(y - mu)))
add("idis", "estimate", mean(abs(y - mu)) / mu)
add("idis_weighted", "estimate", sum(p * abs(y - mu)) / mu)
add("mdb", "estimate", mean(abs(y - min(y))))
add("mdb_weighted", "estimate", sum(p * abs(y - min(y))))
add("mdr", "estimate", mean(abs(y - y[3])))
add("mdr_weighted", "estimate", sum(p * abs(y - y[3])))

# Population attributable fraction against the best-off group, Walter 1978.
c <- n[k] * y[k]; d <- n[k] - c; a <- sum(n * y) - c; b <- sum(n) - n[k] - a; total <- sum(n)
add("paf", "estimate", 1 - y[k] / mu)
add("paf", "standard_error", sqrt(c * total * (a * d * (total - c) + b * c^2) / ((a + c)^3 * (c + d)^3)))

# Concentration index by the convenient regression (Kakwani 1997; population weights).
variance <- sum(p * (groups$rank - 0.5)^2)
fit <- lm(I(2 * variance * y / mu) ~ rank, data = groups, weights = n)
add("concentration_index", "estimate", coef(fit)[2])
add("concentration_index", "standard_error", summary(fit)$coefficients[2, 2])
add("absolute_concentration_index", "estimate", coef(fit)[2] * mu)
add("erreygers_index", "estimate", 4 * coef(fit)[2] * mu)
add("wagstaff_index", "estimate", coef(fit)[2] / (1 - mu))
add("extended_concentration_index", "estimate",
    -3 / mu * (sum(p * y * (1 - groups$rank)^2) - mu * sum(p * (1 - groups$rank)^2)))

expected <- do.call(rbind, rows)
write.csv(expected, "inequality_groups_expected.csv", row.names = FALSE, quote = FALSE)
cat(R.version.string, "-", nrow(expected), "values\n")
