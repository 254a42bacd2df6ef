# Reference values for tests/validation/test_trials.py, made with R 4.2.2 (stats, metafor 3.8-1).
# Run in this folder: Rscript two_by_two.R
suppressMessages(library(metafor))
options(digits = 17)
write_exact <- function(table, name) write.csv(format(table, digits = 17), name, row.names = FALSE, quote = FALSE)
made_up <- data.frame(trial = 1:4, tpos = c(4, 12, 0, 30), tneg = c(56, 40, 25, 70), cpos = c(9, 20, 2, 41), cneg = c(50, 35, 30, 55))
sets <- list(bcg = dat.bcg[, c("trial", "tpos", "tneg", "cpos", "cneg")], made_up = made_up)
inputs <- do.call(rbind, lapply(names(sets), function(n) cbind(set = n, sets[[n]])))
write_exact(inputs, "strata_inputs.csv")
out <- NULL
for (n in names(sets)) {
  d <- sets[[n]]
  for (m in c("RR", "OR", "RD")) {
    r <- rma.mh(ai = tpos, bi = tneg, ci = cpos, di = cneg, data = d, measure = m, correct = FALSE, drop00 = FALSE, add = 0, to = "none")
    # Cochran's Q with metafor's own 0.5 in strata with an empty cell: without it one person alone can make the strata differ.
    q <- rma.mh(ai = tpos, bi = tneg, ci = cpos, di = cneg, data = d, measure = m, correct = FALSE)
    out <- rbind(out, data.frame(set = n, measure = m, estimate = as.numeric(r$beta), standard_error = r$se,
      lower = r$ci.lb, upper = r$ci.ub, association_p = if (m == "OR") r$MHp else NA,
      homogeneity = if (m == "OR") r$TA else q$QE, homogeneity_p = if (m == "OR") r$TAp else q$QEp))
  }
  cells <- array(rbind(d$tpos, d$tneg, d$cpos, d$cneg), c(2, 2, nrow(d)))
  h <- mantelhaen.test(cells, correct = FALSE)
  out <- rbind(out, data.frame(set = n, measure = "mantelhaen.test", estimate = h$estimate, standard_error = NA,
    lower = h$conf.int[1], upper = h$conf.int[2], association_p = h$p.value, homogeneity = NA, homogeneity_p = NA))
}
write_exact(out, "strata_expected.csv")
# Conditional odds ratio: fisher.test stops its root finder at about 1e-5, so the equations are solved here to the end.
tables <- rbind(c(3, 4, 1, 4), c(12, 50, 5, 60), c(56, 70, 48, 80), c(1, 30, 9, 25), c(0, 10, 4, 12), c(7, 7, 2, 9))
exact <- NULL
for (i in seq_len(nrow(tables))) {
  x <- tables[i, 1]; n <- tables[i, 2]; y <- tables[i, 3]; m <- tables[i, 4]; k <- x + y
  support <- max(0, k - m):min(n, k)
  p <- function(log_or) { v <- dhyper(support, n, m, k, log = TRUE) + support * log_or; v <- exp(v - max(v)); v / sum(v) }
  root <- function(f) exp(uniroot(f, c(-40, 40), tol = 1e-15, maxiter = 10000)$root)
  centre <- if (x == min(support)) 0 else if (x == max(support)) Inf else root(function(t) sum(p(t) * support) - x)
  lower <- if (x == min(support)) 0 else root(function(t) sum(p(t)[support >= x]) - 0.025)
  upper <- if (x == max(support)) Inf else root(function(t) sum(p(t)[support <= x]) - 0.025)
  f <- fisher.test(rbind(c(x, n - x), c(y, m - y)))
  exact <- rbind(exact, data.frame(events = x, total = n, events_reference = y, total_reference = m, estimate = centre,
    lower = lower, upper = upper, fisher_estimate = f$estimate, fisher_lower = f$conf.int[1], fisher_upper = f$conf.int[2]))
}
write_exact(exact, "exact_odds_ratio.csv")
