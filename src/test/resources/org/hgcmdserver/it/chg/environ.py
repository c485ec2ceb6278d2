# Prints the names of the variables that the modules of Mercurial look at when they are imported.
import importlib, os, pkgutil, warnings

names = set()
original = os._Environ.__getitem__

def recorded(environ, name):
    names.add(os.fsdecode(name))
    return original(environ, name)

os._Environ.__getitem__ = recorded
warnings.simplefilter('ignore')
import mercurial, hgext, hgdemandimport

hgdemandimport.enable()
hgdemandimport.disable()
modules = 0
for package in mercurial, hgext:
    for module in pkgutil.walk_packages(package.__path__, package.__name__ + '.', onerror=lambda name: None):
        try:
            importlib.import_module(module.name)
            modules += 1
        except BaseException:
            pass  # for another system, or it needs a library
print(modules)
print('\n'.join(sorted(names)))
