"""A difference or an inequality split into parts: Kitagawa, Oaxaca-Blinder, Wagstaff, Shapley."""
