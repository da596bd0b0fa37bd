SET 'buffer.memory' = 'much';
SET 'max.outage' = 'a while';
SET 'table.local-time-zone' = 'Asia/Shanghigh';
SET 'table.exec.sink.not-null-enforcer' = 'IGNORE';
SET 'table.exec.sink.type-length-enforcer' = 'PAD';
SET 'pipeline.name' = ' ';
SET 'pipeline.nam' = 'x'
SET 'a' = 'b';
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
INSERT INTO target SELECT * FROM source;
