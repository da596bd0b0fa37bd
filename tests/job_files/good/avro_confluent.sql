CREATE TABLE derived (
  id INT,
  feature ARRAY<FLOAT>
) WITH (
  'connector' = 'kafka',
  'properties.bootstrap.servers' = 'broker:9092',
  'topic' = 'cars',
  'format' = 'avro-confluent',
  'avro-confluent.url' = 'http://one:8081, https://two:8081/base/',
  'avro-confluent.subject' = 'cars-value',
  'avro-confluent.basic-auth.credentials-source' = 'USER_INFO',
  'avro-confluent.basic-auth.user-info' = 'me:secret',
  'avro-confluent.properties.http.read.timeout.ms' = '700',
  'avro-confluent.properties.max.schemas.per.subject' = '9',
  'scan.startup.mode' = 'earliest-offset'
);
CREATE TABLE given (
  id INT NOT NULL,
  feature ARRAY<FLOAT>
) WITH (
  'connector' = 'kafka',
  'properties.bootstrap.servers' = 'broker:9092',
  'topic' = 'cars',
  'value.format' = 'avro-confluent',
  'value.avro-confluent.url' = 'https://me:secret@registry',
  'value.avro-confluent.schema' = '{"type": "record", "name": "Car", "fields": [
      {"name": "id", "type": "int", "aliases": ["number"]},
      {"name": "feature", "type": ["null", {"type": "array", "items": "float"}], "default": [0]}]}',
  'value.avro-confluent.basic-auth.credentials-source' = 'URL',
  'value.avro-confluent.ssl.truststore.location' = '/etc/ssl/registry.pem',
  'value.avro-confluent.ssl.keystore.location' = '/etc/ssl/client.p12',
  'value.avro-confluent.ssl.keystore.password' = 'secret',
  'scan.startup.mode' = 'earliest-offset'
);
CREATE TABLE by_old_names (
  id INT,
  feature ARRAY<FLOAT>
) WITH (
  'connector' = 'kafka',
  'properties.bootstrap.servers' = 'broker:9092',
  'topic' = 'cars',
  'format' = 'avro-confluent',
  'avro-confluent.schema-registry.url' = 'http://registry:8081',
  'avro-confluent.schema-registry.subject' = 'cars-value',
  'avro-confluent.schema-registry.bearer-auth.credentials-source' = 'STATIC_TOKEN',
  'avro-confluent.schema-registry.bearer-auth.token' = 'secret',
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
INSERT INTO target SELECT * FROM derived;
INSERT INTO target SELECT * FROM given;
INSERT INTO target SELECT * FROM by_old_names;
END;
