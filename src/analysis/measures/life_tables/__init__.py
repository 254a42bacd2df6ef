"""Life tables: life expectancy, healthy life expectancy, causes, inequality and decomposition of lifespans."""
