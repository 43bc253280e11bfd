"""The city in numbers that do not change with a read: its box, its wards, its community areas. Facts alone."""

# The box of the city in degrees, and in feet of EPSG:3435 with a margin.
LATITUDE_BOX = (41.60, 42.10)
LONGITUDE_BOX = (-88.00, -87.50)
X_BOX = (1_080_000, 1_220_000)
Y_BOX = (1_800_000, 1_970_000)

MAX_WARD = 50
MAX_COMMUNITY_AREA = 77
