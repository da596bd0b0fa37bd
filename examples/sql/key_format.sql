-- The id in the message key as JSON, the rest of the row in the value as csv.
CREATE TABLE vector_ingest (id INT, market_time TIMESTAMP, color VARCHAR(10), price INT, feature VARCHAR)
WITH ('connector' = 'adbpg-nightly-1.13', 'url' = 'jdbc:postgresql://${PGHOST}:${PGPORT}/adbpg_test', 'tablename' = 'car_info',
      'username' = '${PGUSER}', 'password' = '${PGPASSWORD}', 'targetschema' = 'vector_test', 'conflictmode' = 'upsert');
CREATE TABLE vector_kafka (key_id INT, market_time TIMESTAMP, color VARCHAR(10), price INT, feature STRING)
WITH ('connector' = 'kafka', 'properties.bootstrap.servers' = '${KAFKA_BROKERS}', 'topic' = 'vector_ingest',
      'key.format' = 'json', 'key.fields' = 'key_id', 'key.fields-prefix' = 'key_', 'value.format' = 'csv',
      'value.csv.field-delimiter' = '\t', 'value.fields-include' = 'EXCEPT_KEY', 'scan.startup.mode' = 'earliest-offset');
INSERT INTO vector_ingest SELECT * FROM vector_kafka;
