CREATE TABLE a (id INT) WITH ('connector' = 'kafka')
