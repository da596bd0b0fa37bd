CREATE TABLE cars (
  key_id INT,
  feature ARRAY<FLOAT>,
  PRIMARY KEY (key_id) NOT ENFORCED
) WITH (
  'connector' = 'upsert-kafka',
  'properties.bootstrap.servers' = 'broker:9092',
  'topic' = 'cars',
  'key.format' = 'avro-confluent',
  'key.avro-confluent.url' = 'http://registry:8081',
  'key.fields-prefix' = 'key_',
  'value.format' = 'avro-confluent',
  'value.avro-confluent.url' = 'http://registry:8081',
  'value.fields-include' = 'EXCEPT_KEY'
);
CREATE TABLE target (id INT, feature ARRAY<FLOAT>, PRIMARY KEY (id) NOT ENFORCED) WITH (
  'connector' = 'adbpg-nightly-1.13',
  'url' = 'jdbc:postgresql://db:5432/shop',
  'tablename' = 'cars',
  'username' = 'writer',
  'password' = 'secret',
  'conflictmode' = 'upsert'
);
INSERT INTO target SELECT * FROM cars;
