-- Run once by the container of compose.yaml, when its volume is new: the database of Prefect's server beside the warehouse.
create database prefect;
