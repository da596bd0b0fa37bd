module vecsink/tests/hosts/go

go 1.22
