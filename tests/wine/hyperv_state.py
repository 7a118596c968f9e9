#!/usr/bin/env python3
"""hyperv_state.py STATE EXPRESSION: prints a Python expression over the state of the Hyper-V emulator.

rows(class)            properties of all instances of exactly that class
vms()                  {name: properties} of the machines, the host left out
settings(name)         properties of a machine's realized settings
resources(name, part)  properties of a machine's resources whose sub type or class ends in part
jobs(method)           jobs of a method, as the emulator keeps them
"""
import json
import sys

with open(sys.argv[1], encoding="utf-8") as file:
    state = json.load(file)


def rows(name):
    return [row["p"] for row in state["rows"] if row["class"] == name]


def vms():
    return {row["p"]["ElementName"]: row["p"] for row in state["rows"]
            if row["class"] == "Msvm_ComputerSystem" and not row.get("host")}


def settings(name):
    vm = vms()[name]["Name"].lower()
    return next(p for p in rows("Msvm_VirtualSystemSettingData")
                if p.get("VirtualSystemIdentifier", "").lower() == vm
                and p["VirtualSystemType"].endswith("System:Realized"))


def resources(name, part):
    prefix = f"microsoft:{vms()[name]['Name']}\\".lower()
    return [row["p"] for row in state["rows"]
            if row["p"].get("InstanceID", "").lower().startswith(prefix)
            and (row["class"] == part or row["p"].get("ResourceSubType", "").endswith(part))]


def jobs(method):
    return [row for row in state["rows"] if row.get("kind") == method]


print(eval(sys.argv[2]))  # the expression is a test's own
