"""Try the detections, the analysis and the score on recorded logs: ``make backtest DATA=path``."""
