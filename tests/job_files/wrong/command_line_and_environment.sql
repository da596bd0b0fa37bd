-- -D source.topc=other
-- -D target.batchsize=many
-- -D targte.batchsize=1
-- -D anything.batchsize=1
-- -D v.batchsize=1
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
  'password' = '${NOT_SET}',
  'conflictmode' = 'upsert'
);
CREATE VIEW v AS SELECT * FROM source;
INSERT INTO target SELECT * FROM v;
