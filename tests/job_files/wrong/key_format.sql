CREATE TABLE one (id INT, feature STRING) WITH (
  'connector' = 'kafka',
  'properties.bootstrap.servers' = 'broker:9092',
  'topic' = 'cars',
  'format' = 'raw',
  'key.format' = 'canal-json',
  'key.fields' = 'id;nope',
  'key.fields-prefix' = 'k_',
  'scan.startup.mode' = 'earliest-offset'
);
CREATE TABLE other (id INT, feature STRING) WITH (
  'connector' = 'kafka',
  'properties.bootstrap.servers' = 'broker:9092',
  'topic' = 'cars',
  'format' = 'json',
  'key.fields' = 'id',
  'value.json.ignore-parse-errors' = 'true',
  'scan.startup.mode' = 'earliest-offset'
);
CREATE TABLE target (id INT, feature STRING) WITH (
  'connector' = 'adbpg-nightly-1.13',
  'url' = 'jdbc:postgresql://db:5432/shop',
  'tablename' = 'cars',
  'username' = 'writer',
  'password' = 'secret',
  'conflictmode' = 'upsert'
);
INSERT INTO target SELECT * FROM one;
INSERT INTO target SELECT * FROM other;
