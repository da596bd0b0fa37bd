-- A table followed through Debezium with Avro and a schema registry: inserts, updates and deletes.
CREATE TABLE vector_ingest (id INT, market_time TIMESTAMP, color VARCHAR(10), price INT, feature ARRAY<FLOAT>, PRIMARY KEY (id) NOT ENFORCED)
WITH ('connector' = 'adbpg-nightly-1.13', 'url' = 'jdbc:postgresql://${PGHOST}:${PGPORT}/adbpg_test', 'tablename' = 'car_info',
      'username' = '${PGUSER}', 'password' = '${PGPASSWORD}', 'targetschema' = 'vector_test', 'conflictmode' = 'upsert');
CREATE TABLE vector_kafka (id INT, market_time TIMESTAMP, color VARCHAR(10), price INT, feature ARRAY<FLOAT>)
WITH ('connector' = 'kafka', 'properties.bootstrap.servers' = '${KAFKA_BROKERS}', 'topic' = 'vector_ingest', 'format' = 'debezium-avro-confluent',
      'debezium-avro-confluent.url' = '${REGISTRY_URL}',
      'scan.startup.mode' = 'earliest-offset');
INSERT INTO vector_ingest SELECT * FROM vector_kafka;
