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
CREATE TABLE IF NOT EXISTS source (other INT) WITH ('connector' = 'datagen');
CREATE TABLE printer (id INT) WITH ('connector' = 'print');
CREATE VIEW nobody AS SELECT id FROM source;
ADD JAR '/opt/flink/lib/flink-sql-connector-kafka.jar';
USE CATALOG default_catalog;
CREATE TABLE target (
  id INT,
  feature STRING
) WITH (
  'connector' = 'adbpg-nightly-1.13',
  'url' = 'jdbc:postgresql://db:5432/shop',
  'tablename' = 'cars',
  'username' = 'writer',
  'password' = 'secret',
  'usecopy' = '1'
);
INSERT INTO target SELECT * FROM source
