CREATE TABLE source (
  id INT,
  id_text AS CAST(id AS STRING) COMMENT 'as the old system has it',
  price DECIMAL(10, 2),
  dear AS price > 100,
  feature STRING,
  arrived TIMESTAMP_LTZ(3) METADATA FROM 'timestamp',
  arrived_on AS CAST(arrived AS DATE)
) WITH (
  'connector' = 'kafka',
  'properties.bootstrap.servers' = 'broker:9092',
  'topic' = 'cars',
  'format' = 'csv',
  'scan.startup.mode' = 'earliest-offset'
);
CREATE TABLE target (
  id STRING,
  feature STRING,
  arrived_on DATE
) WITH (
  'connector' = 'adbpg-nightly-1.13',
  'url' = 'jdbc:postgresql://db:5432/shop',
  'tablename' = 'cars',
  'username' = 'writer',
  'password' = 'secret',
  'conflictmode' = 'upsert'
);
INSERT INTO target SELECT id_text, feature, arrived_on FROM source WHERE dear;
