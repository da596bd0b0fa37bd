CREATE TABLE cars (
  id INT,
  topic STRING METADATA VIRTUAL,
  color STRING,
  feature ARRAY<DOUBLE>,
  shade AS UPPER(color),
  PRIMARY KEY (id) NOT ENFORCED
) WITH (
  'connector' = 'kafka',
  'properties.bootstrap.servers' = 'broker:9092',
  'topic' = 'cars',
  'format' = 'debezium-avro-confluent',
  'debezium-avro-confluent.url' = 'http://registry:8081',
  'debezium-avro-confluent.basic-auth.credentials-source' = 'SASL_INHERIT',
  'properties.sasl.jaas.config' = 'secret',
  'scan.startup.mode' = 'earliest-offset'
);
CREATE TABLE target (id INT, topic STRING, shade STRING, feature ARRAY<DOUBLE>, PRIMARY KEY (id) NOT ENFORCED) WITH (
  'connector' = 'adbpg-nightly-1.13',
  'url' = 'jdbc:postgresql://db:5432/shop',
  'tablename' = 'cars',
  'username' = 'writer',
  'password' = 'secret',
  'conflictmode' = 'upsert'
);
INSERT INTO target SELECT id, topic, shade, feature FROM cars WHERE color <> 'red';
