import tomli

print(tomli.loads('greeting = "hello from a small image"')["greeting"])
