CREATE TABLE cars (
  color STRING,
  tenant STRING,
  id INT,
  feature ARRAY<FLOAT>,
  place BIGINT METADATA FROM 'offset' VIRTUAL,
  PRIMARY KEY (tenant, id) NOT ENFORCED
) WITH (
  'connector' = 'upsert-kafka',
  'properties.bootstrap.servers' = 'broker:9092',
  'topic' = 'cars',
  'key.format' = 'csv',
  'key.csv.field-delimiter' = '|',
  'value.format' = 'json',
  'value.fields-include' = 'EXCEPT_KEY',
  'sink.parallelism' = '4'
);
CREATE TABLE target (
  id INT,
  tenant STRING,
  feature ARRAY<FLOAT>,
  place BIGINT,
  PRIMARY KEY (id, tenant) NOT ENFORCED
) WITH (
  'connector' = 'adbpg-nightly-1.13',
  'url' = 'jdbc:postgresql://db:5432/shop',
  'tablename' = 'cars',
  'username' = 'writer',
  'password' = 'secret',
  'conflictmode' = 'upsert'
);
INSERT INTO target SELECT id, tenant, feature, place FROM cars WHERE color = 'red';
