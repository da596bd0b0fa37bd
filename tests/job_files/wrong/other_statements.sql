CREATE TABLE source (
  id INT,
  feature STRING
) WITH (
  'connector' = 'kafka',
  'properties.bootstrap.servers' = 'broker:9092',
  'topic' = 'cars',
  'format' = 'csv',
  'scan.startup.mode' = 'earliest-offset'
);
CREATE TABLE target (
  id INT,
  feature STRING
) WITH (
  'connector' = 'adbpg-nightly-1.13',
  'url' = 'jdbc:postgresql://db:5432/shop',
  'tablename' = 'cars',
  'username' = 'writer',
  'password' = 'secret',
  'conflictmode' = 'upsert'
);
CREATE CATALOG pg WITH ('type' = 'jdbc');
USE CATALOG pg;
CREATE DATABASE shop;
CREATE FUNCTION f AS 'com.example.F';
ALTER TABLE source ADD nr INT;
SHOW TABLES;
EXPLAIN SELECT 1;
SELECT * FROM source;
INSERT OVERWRITE target SELECT * FROM source;
CREATE TABLE copied WITH ('connector' = 'print') AS SELECT * FROM source;
DELETE FROM target;
INSERT INTO pg.public.target SELECT * FROM source;
INSERT INTO target SELECT * FROM source;
