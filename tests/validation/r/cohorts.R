# Reference values for tests/validation/test_cohorts.py. Run in this folder: Rscript cohorts.R
# R 4.2.2, Epi 2.47, popEpi 0.4.10. Cohort and rates are made up.
suppressMessages({library(Epi); library(popEpi); library(data.table)})
d <- fread("cohort_input.csv"); rates <- fread("cohort_rates.csv")
for (k in c("birth", "entry", "exit")) d[[k]] <- as.Date(d[[k]])
out <- list()
add <- function(name, value) out[[length(out) + 1]] <<- data.frame(name = name, value = sprintf("%.17g", as.numeric(value)))
popmort <- rates[, .(sex, agegroup = age_from, year, haz = rate)]

for (convention in c("day_of_year", "365.25")) {
  years <- if (convention == "365.25") function(x) as.numeric(cal.yr(x)) else function(x) get.yrs(x, year.length = "actual")
  x <- data.frame(id = d$id, sex = d$sex, b = years(d$birth), s = years(d$entry), e = years(d$exit), event = d$event)
  for (i in c(1, 2, 57)) add(paste(convention, "years", i, c("birth", "entry", "exit")), c(x$b[i], x$s[i], x$e[i]))
  L <- Lexis(entry = list(per = s, age = s - b), exit = list(per = e), exit.status = event, data = x, id = id)
  S <- splitLexis(splitLexis(L, breaks = seq(20, 90, 5), time.scale = "age"), breaks = 2001:2011, time.scale = "per")
  S$A <- timeBand(S, "age", "left"); S$P <- timeBand(S, "per", "left")
  tab <- aggregate(cbind(py = lex.dur, dead = lex.Xst == 1) ~ sex + A + P, data = S, FUN = sum)
  add(paste(convention, "cell py", tab$sex, tab$A, tab$P), tab$py)
  add(paste(convention, "cell dead", tab$sex, tab$A, tab$P), tab$dead)
  # expected deaths: single years of age and calendar time, looked up by value; in one-year and in half-year pieces
  for (width in c(1, 0.5)) {
    F <- splitLexis(splitLexis(L, breaks = seq(20, 101, width), time.scale = "age"), breaks = seq(2001, 2011, width), time.scale = "per")
    f <- data.table(sex = F$sex, agegroup = floor(F$age + F$lex.dur / 2), year = floor(F$per + F$lex.dur / 2), dur = F$lex.dur)
    f <- merge(f, popmort, by = c("sex", "agegroup", "year"))
    add(paste(convention, "expected", width), sum(f$dur * f$haz))
    add(paste(convention, "expected", width, c("female", "male")), c(sum((f$dur * f$haz)[f$sex == "female"]), sum((f$dur * f$haz)[f$sex == "male"])))
  }
}

# popEpi, follow-up split by age and year as well, so that population rates are exact in every piece
x <- data.frame(id = d$id, sex = d$sex, b = get.yrs(d$birth, year.length = "actual"), s = get.yrs(d$entry, year.length = "actual"),
                e = get.yrs(d$exit, year.length = "actual"), event = d$event)
L <- Lexis(entry = list(FUT = 0, per = s, age = s - b), exit = list(per = e), exit.status = event, data = x, id = id)
fine <- splitMulti(L, age = 20:102, per = 2001:2012)
pm <- copy(popmort); setnames(pm, c("agegroup", "year"), c("age", "per"))
for (width in c(1, 1/12, 1/240)) for (method in c("e2", "pp")) {
  st <- survtab(Surv(time = FUT, event = lex.Xst) ~ 1, data = fine, surv.type = "surv.rel", surv.method = "hazard", relsurv.method = method,
                breaks = list(FUT = seq(0, 5, width)), pophaz = pm, conf.type = "log")
  r <- paste0("r.", method); k <- round(st$Tstop / width); keep <- abs(st$Tstop - round(st$Tstop)) < 1e-7
  label <- paste("survtab", method, c("year", "month", "240th")[match(width, c(1, 1/12, 1/240))], round(st$Tstop[keep]))
  add(paste(label, "r"), st[[paste0("r.", method)]][keep]); add(paste(label, "lo"), st[[paste0("r.", method, ".lo")]][keep])
  add(paste(label, "hi"), st[[paste0("r.", method, ".hi")]][keep]); add(paste(label, "se"), st[[paste0("SE.r.", method)]][keep])
  if (method == "e2") add(paste(label, "expected"), cumsum(st$d.exp)[keep])
}
write.csv(do.call(rbind, out), "cohorts_expected.csv", row.names = FALSE)
