CREATE TABLE cars (id INT, feature STRING) WITH (
  'connector' = 'upsert-kafka',
  'properties.bootstrap.servers' = 'broker:9092',
  'topic' = 'cars',
  'format' = 'json',
  'key.format' = 'csv',
  'key.fields' = 'id',
  'value.format' = 'debezium-json',
  'scan.startup.mode' = 'earliest-offset'
);
CREATE TABLE target (id INT, feature STRING) WITH (
  'connector' = 'adbpg-nightly-1.13',
  'url' = 'jdbc:postgresql://db:5432/shop',
  'tablename' = 'cars',
  'username' = 'writer',
  'password' = 'secret'
);
INSERT INTO target SELECT * FROM cars;
