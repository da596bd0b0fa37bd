CREATE TABLE t0 (
  id INT
) WITH (
  'connector' = 'kafka',
  'properties.bootstrap.servers' = 'broker:9092',
  'topic' = 'cars',
  'format' = 'avro-confluent',
  'avro-confluent.subject' = 's',
  'scan.startup.mode' = 'earliest-offset'
);
CREATE TABLE t1 (
  id INT
) WITH (
  'connector' = 'kafka',
  'properties.bootstrap.servers' = 'broker:9092',
  'topic' = 'cars',
  'format' = 'avro-confluent',
  'avro-confluent.url' = 'registry:8081',
  'scan.startup.mode' = 'earliest-offset'
);
CREATE TABLE t2 (
  id INT
) WITH (
  'connector' = 'kafka',
  'properties.bootstrap.servers' = 'broker:9092',
  'topic' = 'cars',
  'format' = 'avro-confluent',
  'avro-confluent.url' = 'http://me:zq7xj@/x',
  'scan.startup.mode' = 'earliest-offset'
);
CREATE TABLE t3 (
  id INT
) WITH (
  'connector' = 'kafka',
  'properties.bootstrap.servers' = 'broker:9092',
  'topic' = 'cars',
  'format' = 'avro-confluent',
  'avro-confluent.url' = 'http://registry',
  'avro-confluent.basic-auth.credentials-source' = 'USER_INFO',
  'scan.startup.mode' = 'earliest-offset'
);
CREATE TABLE t4 (
  id INT
) WITH (
  'connector' = 'kafka',
  'properties.bootstrap.servers' = 'broker:9092',
  'topic' = 'cars',
  'format' = 'avro-confluent',
  'avro-confluent.url' = 'http://registry',
  'avro-confluent.basic-auth.credentials-source' = 'USER_INFO',
  'avro-confluent.basic-auth.user-info' = 'zq7xj',
  'scan.startup.mode' = 'earliest-offset'
);
CREATE TABLE t5 (
  id INT
) WITH (
  'connector' = 'kafka',
  'properties.bootstrap.servers' = 'broker:9092',
  'topic' = 'cars',
  'format' = 'avro-confluent',
  'avro-confluent.url' = 'http://registry',
  'avro-confluent.basic-auth.credentials-source' = 'URL',
  'avro-confluent.bearer-auth.credentials-source' = 'STATIC_TOKEN',
  'scan.startup.mode' = 'earliest-offset'
);
CREATE TABLE t6 (
  id INT
) WITH (
  'connector' = 'kafka',
  'properties.bootstrap.servers' = 'broker:9092',
  'topic' = 'cars',
  'format' = 'avro-confluent',
  'avro-confluent.url' = 'http://registry',
  'avro-confluent.basic-auth.credentials-source' = 'URL',
  'scan.startup.mode' = 'earliest-offset'
);
CREATE TABLE t7 (
  id INT
) WITH (
  'connector' = 'kafka',
  'properties.bootstrap.servers' = 'broker:9092',
  'topic' = 'cars',
  'format' = 'avro-confluent',
  'avro-confluent.url' = 'http://registry',
  'avro-confluent.basic-auth.credentials-source' = 'SASL_INHERIT',
  'scan.startup.mode' = 'earliest-offset'
);
CREATE TABLE t8 (
  id INT
) WITH (
  'connector' = 'kafka',
  'properties.bootstrap.servers' = 'broker:9092',
  'topic' = 'cars',
  'format' = 'avro-confluent',
  'avro-confluent.url' = 'http://registry',
  'avro-confluent.bearer-auth.credentials-source' = 'STATIC_TOKEN',
  'scan.startup.mode' = 'earliest-offset'
);
CREATE TABLE t9 (
  id INT
) WITH (
  'connector' = 'kafka',
  'properties.bootstrap.servers' = 'broker:9092',
  'topic' = 'cars',
  'format' = 'avro-confluent',
  'avro-confluent.url' = 'http://registry',
  'avro-confluent.bearer-auth.token' = 'zq7xj',
  'scan.startup.mode' = 'earliest-offset'
);
CREATE TABLE t10 (
  id INT
) WITH (
  'connector' = 'kafka',
  'properties.bootstrap.servers' = 'broker:9092',
  'topic' = 'cars',
  'format' = 'avro-confluent',
  'avro-confluent.url' = 'http://registry',
  'avro-confluent.basic-auth.credentials-source' = 'OAUTH',
  'scan.startup.mode' = 'earliest-offset'
);
CREATE TABLE t11 (
  id INT
) WITH (
  'connector' = 'kafka',
  'properties.bootstrap.servers' = 'broker:9092',
  'topic' = 'cars',
  'format' = 'avro-confluent',
  'avro-confluent.url' = 'http://registry',
  'avro-confluent.properties.http.read.timeout.ms' = 'soon',
  'scan.startup.mode' = 'earliest-offset'
);
CREATE TABLE t12 (
  id INT
) WITH (
  'connector' = 'kafka',
  'properties.bootstrap.servers' = 'broker:9092',
  'topic' = 'cars',
  'format' = 'avro-confluent',
  'avro-confluent.url' = 'http://registry',
  'avro-confluent.ignore-parse-errors' = 'true',
  'avro-confluent.encoding' = 'json',
  'scan.startup.mode' = 'earliest-offset'
);
CREATE TABLE t13 (
  id INT,
  extra MAP<INT, STRING>
) WITH (
  'connector' = 'kafka',
  'properties.bootstrap.servers' = 'broker:9092',
  'topic' = 'cars',
  'format' = 'avro-confluent',
  'avro-confluent.url' = 'http://registry',
  'scan.startup.mode' = 'earliest-offset'
);
CREATE TABLE t14 (
  id INT
) WITH (
  'connector' = 'kafka',
  'properties.bootstrap.servers' = 'broker:9092',
  'topic' = 'cars',
  'format' = 'avro-confluent',
  'avro-confluent.url' = 'http://registry',
  'avro-confluent.schema' = 'x y',
  'scan.startup.mode' = 'earliest-offset'
);
CREATE TABLE t15 (
  id INT
) WITH (
  'connector' = 'kafka',
  'properties.bootstrap.servers' = 'broker:9092',
  'topic' = 'cars',
  'format' = 'avro-confluent',
  'avro-confluent.url' = 'http://registry',
  'avro-confluent.schema' = '"int"',
  'scan.startup.mode' = 'earliest-offset'
);
CREATE TABLE t16 (
  id INT,
  color STRING
) WITH (
  'connector' = 'kafka',
  'properties.bootstrap.servers' = 'broker:9092',
  'topic' = 'cars',
  'format' = 'avro-confluent',
  'avro-confluent.url' = 'http://registry',
  'avro-confluent.schema' = '{"type": "record", "name": "r", "fields": [{"name": "color", "type": "string"}, {"name": "id", "type": "int"}]}',
  'scan.startup.mode' = 'earliest-offset'
);
CREATE TABLE t17 (
  id INT
) WITH (
  'connector' = 'kafka',
  'properties.bootstrap.servers' = 'broker:9092',
  'topic' = 'cars',
  'format' = 'avro-confluent',
  'avro-confluent.url' = 'http://registry',
  'avro-confluent.schema' = '{"type": "record", "name": "r", "fields": [{"name": "id", "type": "int"}]}',
  'scan.startup.mode' = 'earliest-offset'
);
CREATE TABLE t18 (
  id INT NOT NULL
) WITH (
  'connector' = 'kafka',
  'properties.bootstrap.servers' = 'broker:9092',
  'topic' = 'cars',
  'format' = 'avro-confluent',
  'avro-confluent.url' = 'http://registry',
  'avro-confluent.schema' = '{"type": "record", "name": "r", "fields": [{"name": "id", "type": "long"}]}',
  'scan.startup.mode' = 'earliest-offset'
);
CREATE TABLE t19 (
  id INT NOT NULL
) WITH (
  'connector' = 'kafka',
  'properties.bootstrap.servers' = 'broker:9092',
  'topic' = 'cars',
  'format' = 'avro-confluent',
  'avro-confluent.url' = 'http://registry',
  'avro-confluent.schema' = '{"type": "record", "name": "r", "fields": [{"name": "id", "type": "Unknown"}]}',
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
INSERT INTO target SELECT id FROM t7;
INSERT INTO target SELECT id FROM t8;
INSERT INTO target SELECT id FROM t9;
INSERT INTO target SELECT id FROM t10;
INSERT INTO target SELECT id FROM t11;
INSERT INTO target SELECT id FROM t12;
INSERT INTO target SELECT id FROM t13;
INSERT INTO target SELECT id FROM t14;
INSERT INTO target SELECT id FROM t15;
INSERT INTO target SELECT id FROM t16;
INSERT INTO target SELECT id FROM t17;
INSERT INTO target SELECT id FROM t18;
INSERT INTO target SELECT id FROM t19;
