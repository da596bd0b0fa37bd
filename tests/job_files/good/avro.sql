CREATE TABLE bare (
  id INT NOT NULL,
  color VARCHAR(10),
  price DECIMAL(10, 2),
  feature ARRAY<FLOAT>
) WITH (
  'connector' = 'kafka',
  'properties.bootstrap.servers' = 'broker:9092',
  'topic' = 'cars',
  'format' = 'avro',
  'scan.startup.mode' = 'earliest-offset'
);
CREATE TABLE in_json (
  id INT,
  at TIMESTAMP,
  seen TIMESTAMP_LTZ(3),
  painted TIME,
  feature ARRAY<FLOAT NOT NULL> NOT NULL,
  extra MAP<STRING, ROW<x INT NOT NULL, y DATE>>
) WITH (
  'connector' = 'kafka',
  'properties.bootstrap.servers' = 'broker:9092',
  'topic' = 'cars',
  'value.format' = 'avro',
  'value.avro.encoding' = 'JSON',
  'value.avro.timestamp_mapping.legacy' = 'false',
  'value.avro.codec' = 'snappy',
  'scan.startup.mode' = 'earliest-offset'
);
CREATE TABLE target (id INT, feature ARRAY<FLOAT>) WITH (
  'connector' = 'adbpg-nightly-1.13',
  'url' = 'jdbc:postgresql://db:5432/shop',
  'tablename' = 'cars',
  'username' = 'writer',
  'password' = 'secret',
  'conflictmode' = 'upsert'
);
BEGIN STATEMENT SET;
INSERT INTO target SELECT id, feature FROM bare;
INSERT INTO target SELECT id, feature FROM in_json;
END;
