#!/bin/sh
# Makes a Python environment with the packages that a file lists: python_environment.sh FOLDER REQUIREMENTS
# The folder appears only when the environment is complete.
set -eu
folder=$1
requirements=$2
rm -rf "$folder" "$folder.partial"
python3 -m venv "$folder.partial"
"$folder.partial/bin/pip" install --quiet --disable-pip-version-check --requirement "$requirements"
mv "$folder.partial" "$folder"
