# Reference values for tests/validation/test_survey.py and test_inequality.py: R with the package survey.
# Run in this directory: Rscript survey.R
# Reads survey_input.csv (made up), writes survey_expected.csv with all digits.
suppressMessages(library(survey))
persons <- read.csv("survey_input.csv")
rows <- list()
add <- function(name, statistic, value) {
  rows[[length(rows) + 1]] <<- data.frame(name = name, statistic = statistic, value = sprintf("%.17g", as.numeric(value)))
}
both <- function(name, result) {
  add(name, "estimate", coef(result))
  add(name, "standard_error", SE(result))
}

# Weighted fractional rank with ties averaged, written out pair by pair.
half_below <- function(position) outer(position, position, "<") + 0.5 * outer(position, position, "==")
rank_of <- function(position, weight) as.vector(weight %*% half_below(position)) / sum(weight)
persons$rank <- rank_of(persons$income, persons$weight)

designs <- list(
  simple = svydesign(ids = ~1, weights = ~1, data = persons),
  weights = svydesign(ids = ~1, weights = ~weight, data = persons),
  strata = svydesign(ids = ~1, strata = ~region, weights = ~weight, data = persons),
  clusters = svydesign(ids = ~town, weights = ~weight, data = persons),
  full = svydesign(ids = ~town, strata = ~region, weights = ~weight, data = persons, nest = TRUE),
  fpc = svydesign(ids = ~town, strata = ~region, weights = ~weight, fpc = ~towns, data = persons, nest = TRUE)
)

descriptive <- function(name, design) {
  both(paste(name, "mean"), svymean(~visits, design))
  both(paste(name, "total"), svytotal(~visits, design))
  ratio <- svyratio(~visits, ~years, design)
  add(paste(name, "ratio"), "estimate", coef(ratio))
  add(paste(name, "ratio"), "standard_error", SE(ratio))
  both(paste(name, "proportion"), svymean(~smokes, design))
  add(paste(name, "proportion"), "degrees_of_freedom", degf(design))
  for (method in c("logit", "beta")) {
    limits <- confint(svyciprop(~smokes, design, method = method, df = degf(design)))
    add(paste(name, "proportion", method), "lower", limits[1])
    add(paste(name, "proportion", method), "upper", limits[2])
  }
  limits <- confint(svymean(~visits, design), level = 0.9, df = degf(design))
  add(paste(name, "mean 90"), "lower", limits[1])
  add(paste(name, "mean 90"), "upper", limits[2])
}

# A fit started from its own solution: R keeps the weights of the last step but one, and these are then the final ones.
settled <- function(formula, design, family, start = NULL) {
  for (round in 1:3) {
    fit <- svyglm(formula, design, family = family, start = start, control = list(epsilon = 1e-14, maxit = 200))
    start <- coef(fit)
  }
  fit
}

models <- function(name, design) {
  families <- list(linear = gaussian(), logit = quasibinomial(), poisson = quasipoisson())
  for (link in names(families)) {
    outcome <- if (link == "linear") visits ~ age + income else smokes ~ age + income
    fit <- settled(outcome, design, families[[link]])
    add(paste(name, link, names(coef(fit))[1]), "estimate", coef(fit)[1])
    for (term in c("age", "income")) {
      add(paste(name, link, term), "estimate", coef(fit)[term])
      add(paste(name, link, term), "standard_error", SE(fit)[term])
    }
    fit <- settled(smokes ~ rank, design, families[[link]])
    eta <- c(sum(coef(fit)), coef(fit)[1])
    inverse <- families[[link]]$linkinv
    slope <- families[[link]]$mu.eta
    ends <- inverse(eta)
    gradient_sii <- c(slope(eta[1]) - slope(eta[2]), slope(eta[1]))
    gradient_rii <- c(slope(eta[1]) / ends[1] - slope(eta[2]) / ends[2], slope(eta[1]) / ends[1])
    add(paste(name, "sii", link), "estimate", ends[1] - ends[2])
    add(paste(name, "sii", link), "standard_error", sqrt(gradient_sii %*% vcov(fit) %*% gradient_sii))
    add(paste(name, "rii", link), "estimate", ends[1] / ends[2])
    add(paste(name, "rii", link), "standard_error_log", sqrt(gradient_rii %*% vcov(fit) %*% gradient_rii))
  }
  fit <- settled(smokes ~ rank, design, quasibinomial(log), start = c(-1.5, 0))
  add(paste(name, "rii log"), "estimate", exp(coef(fit)[2]))
  add(paste(name, "rii log"), "standard_error_log", SE(fit)[2])
}

# Concentration indices: the convenient regression with ranks and mean taken as known, and the full linearisation,
# whose values are written out pair by pair from the definition and handed to svytotal.
indices <- function(name, design, size) {
  h <- persons$visits; mu <- sum(size * h) / sum(size)
  below <- half_below(persons$income); r <- as.vector(size %*% below) / sum(size)
  design <- update(design, r = r, lhs = 2 * (sum(size * (r - 0.5)^2) / sum(size)) * h / mu)
  fit <- svyglm(lhs ~ r, design)
  add(paste(name, "concentration convenient"), "estimate", coef(fit)[2])
  add(paste(name, "concentration convenient"), "standard_error", SE(fit)[2])
  total <- sum(size)
  s <- sum(size * h * r) / total
  above <- as.vector(below %*% (size * h)) / total
  z_absolute <- 2 * h * r + 2 * above - 4 * s - (h - mu)
  absolute <- 2 * s - mu
  index <- absolute / mu
  lower <- 0; upper <- 12
  wagstaff <- absolute * (upper - lower) / ((upper - mu) * (mu - lower))
  slope <- (upper - lower) / ((upper - mu) * (mu - lower))
  z <- list(
    absolute = z_absolute,
    standard = (z_absolute - index * (h - mu)) / mu,
    erreygers = 4 * z_absolute / (upper - lower),
    wagstaff = slope * z_absolute - wagstaff * (1 / (mu - lower) - 1 / (upper - mu)) * (h - mu)
  )
  values <- c(absolute = absolute, standard = index, erreygers = 4 * absolute / (upper - lower), wagstaff = wagstaff)
  for (kind in names(z)) {
    values_of_kind <- z[[kind]] / total
    design <- update(design, part = values_of_kind)
    add(paste(name, "concentration", kind), "estimate", values[kind])
    add(paste(name, "concentration", kind), "standard_error", SE(svytotal(~part, design)))
  }
}

for (name in names(designs)) {
  descriptive(name, designs[[name]])
  if (name != "simple") models(name, designs[[name]])
  indices(name, designs[[name]], if (name == "simple") rep(1, nrow(persons)) else persons$weight)
}

# Domains: women only, by subsetting the design.
for (name in c("weights", "full", "fpc")) {
  women <- subset(designs[[name]], sex == "female")
  both(paste(name, "women mean"), svymean(~visits, women))
  both(paste(name, "women total"), svytotal(~visits, women))
  add(paste(name, "women mean"), "degrees_of_freedom", degf(women))
}

# Lonely clusters: the strata "north" and "islands" keep one town each.
few <- subset(persons, !(region %in% c("north", "west")) | town == 1)
for (rule in c("adjust", "certainty", "remove", "average")) {
  options(survey.lonely.psu = rule)
  lonely <- svydesign(ids = ~town, strata = ~region, weights = ~weight, data = few, nest = TRUE)
  both(paste("lonely", rule, "mean"), svymean(~visits, lonely))
  both(paste("lonely", rule, "total"), svytotal(~visits, lonely))
}

expected <- do.call(rbind, rows)
write.csv(expected, "survey_expected.csv", row.names = FALSE, quote = FALSE)
cat(R.version.string, "- survey", as.character(packageVersion("survey")), "-", nrow(expected), "values\n")
