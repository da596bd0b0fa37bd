SET 'table.exec.sink.type-length-enforcer' = 'TRIM_PAD';
CREATE TABLE source (
  code CHAR(4),
  name VARCHAR(20),
  note STRING,
  mark BYTES
) WITH (
  'connector' = 'kafka',
  'properties.bootstrap.servers' = 'broker:9092',
  'topic' = 'cars',
  'format' = 'csv',
  'scan.startup.mode' = 'earliest-offset'
);
CREATE TABLE target (
  code CHAR(4),
  name VARCHAR(10),
  note STRING,
  mark BINARY(8)
) WITH (
  'connector' = 'adbpg-nightly-1.13',
  'url' = 'jdbc:postgresql://db:5432/shop',
  'tablename' = 'cars',
  'username' = 'writer',
  'password' = 'secret',
  'conflictmode' = 'upsert'
);
INSERT INTO target SELECT * FROM source;
