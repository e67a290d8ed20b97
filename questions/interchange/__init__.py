"""Questions from and to other systems' files: `exchange` is the contract, `formats` the list, `storing` the bank."""
