# Reference values for tests/validation/test_synthesis.py, made with R 4.2.2 and metafor 3.8-1.
# Run in this folder: Rscript meta_analysis.R. Inputs are made-up numbers and the BCG trials (Colditz 1994, in metadat).
suppressMessages(library(metafor))
options(digits = 17)
bcg <- escalc(measure = "RR", ai = tpos, bi = tneg, ci = cpos, di = cneg, data = dat.bcg)
sets <- list(
  bcg = data.frame(effect = as.numeric(bcg$yi), standard_error = sqrt(as.numeric(bcg$vi)), moderator = bcg$ablat),
  calm = data.frame(effect = c(0.11, 0.14, 0.09, 0.13, 0.12), standard_error = c(0.05, 0.06, 0.04, 0.1, 0.07),
                    moderator = c(1, 2, 3, 4, 5)),
  two = data.frame(effect = c(0.2, 0.9), standard_error = c(0.1, 0.25), moderator = c(0, 1)),
  uneven = data.frame(effect = c(-1.5, 0.2, 0.31, 2.4, 0.05, 0.9, -0.3), moderator = c(3, 1, 4, 1, 5, 9, 2),
                      standard_error = c(0.9, 0.02, 0.05, 1.1, 0.3, 0.15, 0.4)),
  large = data.frame(effect = 1000 + c(3.1, -2.2, 7.9, 0.4, 5.5, -6.1), moderator = c(2, 7, 1, 8, 2, 8),
                     standard_error = c(0.5, 0.8, 0.4, 1.2, 0.9, 0.6)))
inputs <- do.call(rbind, lapply(names(sets), function(n) cbind(set = n, sets[[n]])))
write.csv(format(inputs, digits = 17), "meta_inputs.csv", row.names = FALSE, quote = FALSE)
tight <- list(threshold = 1e-14, maxiter = 10000, tol = 1e-14)
out <- NULL
for (n in names(sets)) for (m in c("FE", "DL", "REML", "ML", "PM", "EB", "SJ")) for (test in c("z", "t", "knha", "adhoc")) {
  d <- sets[[n]]
  r <- rma(yi = effect, sei = standard_error, data = d, method = m, test = test, control = tight)
  ci <- if (m == "FE") c(NA, NA) else confint(r, control = list(tol = 1e-14, maxiter = 10000, tau2.max = 1e6))$random[1, 2:3]
  out <- rbind(out, data.frame(set = n, method = m, interval = test, studies = r$k, estimate = as.numeric(r$beta),
    standard_error = r$se, lower = r$ci.lb, upper = r$ci.ub, p_value = r$pval, tau_squared = r$tau2, q = r$QE,
    q_p_value = r$QEp, i_squared = r$I2 / 100, h_squared = r$H2, tau_squared_lower = ci[1], tau_squared_upper = ci[2]))
}
write.csv(format(out, digits = 17), "meta_expected.csv", row.names = FALSE, quote = FALSE)
regression <- NULL
for (n in c("bcg", "uneven", "large")) for (m in c("FE", "DL", "REML", "ML", "PM")) for (test in c("z", "knha")) {
  r <- rma(yi = effect, sei = standard_error, mods = ~ moderator, data = sets[[n]], method = m, test = test, control = tight)
  regression <- rbind(regression, data.frame(set = n, method = m, interval = test, term = c("intercept", "moderator"),
    estimate = as.numeric(r$beta), standard_error = r$se, lower = r$ci.lb, upper = r$ci.ub, p_value = r$pval,
    tau_squared = r$tau2, q_residual = r$QE, q_model = r$QM, r_squared = if (is.null(r$R2)) NA else r$R2 / 100))
}
write.csv(format(regression, digits = 17), "meta_regression_expected.csv", row.names = FALSE, quote = FALSE)
bias <- NULL
for (n in c("bcg", "uneven", "large", "calm")) {
  e <- regtest(rma(yi = effect, sei = standard_error, data = sets[[n]], method = "FE"), model = "lm")
  bias <- rbind(bias, data.frame(set = n, what = "egger", statistic = e$zval, p_value = e$pval, missing = NA,
                                 side = NA, estimate = NA, standard_error = NA))
  for (m in c("FE", "REML")) for (k in c("L0", "R0")) {
    f <- trimfill(rma(yi = effect, sei = standard_error, data = sets[[n]], method = m, control = tight), estimator = k)
    bias <- rbind(bias, data.frame(set = n, what = paste(m, k), statistic = NA, p_value = NA, missing = f$k0,
      side = f$side, estimate = as.numeric(f$beta), standard_error = f$se))
  }
}
write.csv(format(bias, digits = 17), "bias_expected.csv", row.names = FALSE, quote = FALSE)
