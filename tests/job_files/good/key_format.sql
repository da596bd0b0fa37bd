CREATE TABLE cars (
  key_id INT,
  id INT,
  feature STRING
) WITH (
  'connector' = 'kafka',
  'properties.bootstrap.servers' = 'broker:9092',
  'topic' = 'cars',
  'key.format' = 'json',
  'key.json.ignore-parse-errors' = 'true',
  'key.fields' = 'key_id',
  'key.fields-prefix' = 'key_',
  'value.format' = 'csv',
  'value.csv.field-delimiter' = '|',
  'value.fields-include' = 'EXCEPT_KEY',
  'scan.startup.mode' = 'earliest-offset'
);
CREATE TABLE target (id INT, other INT, feature STRING) WITH (
  'connector' = 'adbpg-nightly-1.13',
  'url' = 'jdbc:postgresql://db:5432/shop',
  'tablename' = 'cars',
  'username' = 'writer',
  'password' = 'secret',
  'conflictmode' = 'upsert'
);
INSERT INTO target SELECT * FROM cars;
