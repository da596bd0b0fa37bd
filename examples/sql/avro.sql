-- Cars as bare Avro records with the schema that Flink derives from the table; each float in a union with null.
CREATE TABLE vector_ingest (id INT, market_time TIMESTAMP, color VARCHAR(10), price INT, feature ARRAY<FLOAT>, PRIMARY KEY (id) NOT ENFORCED)
WITH ('connector' = 'adbpg-nightly-1.13', 'url' = 'jdbc:postgresql://${PGHOST}:${PGPORT}/adbpg_test', 'tablename' = 'car_info',
      'username' = '${PGUSER}', 'password' = '${PGPASSWORD}', 'targetschema' = 'vector_test', 'conflictmode' = 'upsert');
CREATE TABLE vector_kafka (id INT, market_time TIMESTAMP(3), color VARCHAR(10), price INT, feature ARRAY<FLOAT>)
WITH ('connector' = 'kafka', 'properties.bootstrap.servers' = '${KAFKA_BROKERS}', 'topic' = 'vector_ingest', 'format' = 'avro',
      'scan.startup.mode' = 'earliest-offset');
INSERT INTO vector_ingest SELECT id, market_time, color, price, feature FROM vector_kafka;
