"""What a chunk seems to do, by the words that stand in it: weak labels, from which the network learns to say so of code
that says it otherwise. The words are names of interfaces that anybody may call; only in malicious packages do they count."""

import numpy as np

from .features import INSTALL
from .words import ESCAPE, EVENNESS, OPAQUE, word

NAMES = (
    "install-time execution",
    "exfiltration",
    "credential access",
    "download and run",
    "obfuscation",
    "persistence",
    "wallet or miner",
    "sabotage",
)
WORDS = {
    "exfiltration": "post webhook webhooks discord telegram sendMessage getfqdn gethostname getuser pipedream burpcollaborator sendall nslookup",
    "credential access": "cookies cookie password passwords token tokens Login leveldb id_rsa aws credentials environ keyring Chrome CryptUnprotectData",
    "download and run": "urlretrieve urlopen wget curl Popen startfile powershell Invoke DownloadFile certutil wb chmod",
    "obfuscation": "b64decode exec eval marshal loads zlib decompress fromhex unhexlify Fernet decrypt rot13 compile __import__ fromCharCode atob",
    "persistence": "Startup startup crontab winreg SetValueEx CurrentVersion Run systemd bashrc profile schtasks LaunchAgents autostart",
    "wallet or miner": "wallet wallets bitcoin ethereum metamask Metamask exodus Exodus xmrig monero stratum clipboard pyperclip Atomic",
    "sabotage": "rmtree shutdown unlink taskkill encrypt ransom wipe format",
}
ENOUGH = {"obfuscation": 2, "exfiltration": 2, "download and run": 2, "credential access": 2}
TOKENS = {name: np.array([word(w) for w in text.split()]) for name, text in WORDS.items()}
RUNS = np.array([word(w) for w in "cmdclass install run system Popen exec subprocess call".split()])


def label(chunk, role):
    """Eight of 0 and 1, in the order of `NAMES`."""
    found = [role == INSTALL and np.isin(RUNS, chunk).sum() >= 2]
    for name in NAMES[1:]:
        found.append(np.isin(TOKENS[name], chunk).sum() >= ENOUGH.get(name, 1))
    opaque = ((chunk >= OPAQUE + 5) & (chunk < EVENNESS)).any() or (chunk == ESCAPE).sum() > 20
    found[4] = found[4] or opaque
    return np.array(found, dtype=np.float32)
