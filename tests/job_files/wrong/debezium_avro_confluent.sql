CREATE TABLE t0 (
  id INT
) WITH (
  'connector' = 'kafka',
  'properties.bootstrap.servers' = 'broker:9092',
  'topic' = 'cars',
  'format' = 'debezium-avro-confluent',
  'scan.startup.mode' = 'earliest-offset'
);
CREATE TABLE t1 (
  id INT,
  origin STRING METADATA FROM 'value.source.table' VIRTUAL
) WITH (
  'connector' = 'kafka',
  'properties.bootstrap.servers' = 'broker:9092',
  'topic' = 'cars',
  'format' = 'debezium-avro-confluent',
  'debezium-avro-confluent.url' = 'http://registry',
  'scan.startup.mode' = 'earliest-offset'
);
CREATE TABLE t2 (
  id INT
) WITH (
  'connector' = 'kafka',
  'properties.bootstrap.servers' = 'broker:9092',
  'topic' = 'cars',
  'format' = 'debezium-avro-confluent',
  'debezium-avro-confluent.url' = 'http://registry',
  'debezium-avro-confluent.schema-include' = 'true',
  'scan.startup.mode' = 'earliest-offset'
);
CREATE TABLE t3 (
  id INT
) WITH (
  'connector' = 'kafka',
  'properties.bootstrap.servers' = 'broker:9092',
  'topic' = 'cars',
  'format' = 'debezium-avro-confluent',
  'debezium-avro-confluent.url' = 'http://registry',
  'debezium-avro-confluent.schema' = '{"type": "record", "name": "v", "fields": [{"name": "id", "type": ["null", "int"]}]}',
  'scan.startup.mode' = 'earliest-offset'
);
CREATE TABLE t4 (
  id INT
) WITH (
  'connector' = 'kafka',
  'properties.bootstrap.servers' = 'broker:9092',
  'topic' = 'cars',
  'format' = 'debezium-avro-confluent',
  'debezium-avro-confluent.url' = 'http://registry',
  'debezium-avro-confluent.schema' = '{"type": "record", "name": "r", "fields": [{"name": "before", "type": ["null", {"type": "record", "name": "v", "fields": [{"name": "id", "type": ["null", "int"]}]}]}]}',
  'scan.startup.mode' = 'earliest-offset'
);
CREATE TABLE t5 (
  id INT
) WITH (
  'connector' = 'kafka',
  'properties.bootstrap.servers' = 'broker:9092',
  'topic' = 'cars',
  'format' = 'debezium-avro-confluent',
  'debezium-avro-confluent.url' = 'http://registry',
  'debezium-avro-confluent.schema' = '{"type": "record", "name": "r", "fields": [{"name": "before", "type": ["null", {"type": "record", "name": "v", "fields": [{"name": "id", "type": ["null", "int"]}]}]}, {"name": "after", "type": ["null", "v"]}, {"name": "op", "type": "int"}]}',
  'scan.startup.mode' = 'earliest-offset'
);
CREATE TABLE t6 (
  id INT,
  feature STRING
) WITH (
  'connector' = 'kafka',
  'properties.bootstrap.servers' = 'broker:9092',
  'topic' = 'cars',
  'format' = 'raw',
  'key.format' = 'debezium-avro-confluent',
  'key.debezium-avro-confluent.url' = 'http://registry',
  'key.fields' = 'id',
  'value.fields-include' = 'EXCEPT_KEY',
  'scan.startup.mode' = 'earliest-offset'
);
CREATE TABLE target (id INT, PRIMARY KEY (id) NOT ENFORCED) WITH (
  'connector' = 'adbpg-nightly-1.13',
  'url' = 'jdbc:postgresql://db:5432/shop',
  'tablename' = 'cars',
  'username' = 'writer',
  'password' = 'secret',
  'conflictmode' = 'upsert'
);
INSERT INTO target SELECT id FROM t0;
INSERT INTO target SELECT id FROM t1;
INSERT INTO target SELECT id FROM t2;
INSERT INTO target SELECT id FROM t3;
INSERT INTO target SELECT id FROM t4;
INSERT INTO target SELECT id FROM t5;
INSERT INTO target SELECT id FROM t6;
