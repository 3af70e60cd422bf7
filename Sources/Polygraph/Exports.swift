/// What a user's own test imports: `import Polygraph` brings the whole of it.
@_exported import PolygraphReports
@_exported import PolygraphWorkloads
