"""Cryptography for MLS: cipher suites as data, labelled operations, HPKE, secrets.

Begin with ``suite_of(CipherSuite.X25519_AES128)``; everything else is a method of what it
returns. Only primitives come from elsewhere: the library ``cryptography`` and ``hmac``.
"""

from mimi.crypto.aead import Aead as Aead
from mimi.crypto.entropy import Entropy as Entropy
from mimi.crypto.entropy import SeededEntropy as SeededEntropy
from mimi.crypto.entropy import draw as draw
from mimi.crypto.entropy import os_entropy as os_entropy
from mimi.crypto.errors import DecryptionError as DecryptionError
from mimi.crypto.errors import EntropyError as EntropyError
from mimi.crypto.errors import ExportOnlyError as ExportOnlyError
from mimi.crypto.errors import InputSizeError as InputSizeError
from mimi.crypto.errors import InvalidPrivateKeyError as InvalidPrivateKeyError
from mimi.crypto.errors import InvalidPublicKeyError as InvalidPublicKeyError
from mimi.crypto.errors import KeyAgreementError as KeyAgreementError
from mimi.crypto.errors import KeyDerivationError as KeyDerivationError
from mimi.crypto.errors import MessageLimitError as MessageLimitError
from mimi.crypto.errors import OutputLengthError as OutputLengthError
from mimi.crypto.errors import RegistrationError as RegistrationError
from mimi.crypto.errors import SecretExposureError as SecretExposureError
from mimi.crypto.errors import SignatureError as SignatureError
from mimi.crypto.errors import SuiteMismatchError as SuiteMismatchError
from mimi.crypto.errors import UnavailableAlgorithmError as UnavailableAlgorithmError
from mimi.crypto.errors import UnknownCipherSuiteError as UnknownCipherSuiteError
from mimi.crypto.hpke import Hpke as Hpke
from mimi.crypto.hpke import PreparedInfo as PreparedInfo
from mimi.crypto.hpke import RecipientContext as RecipientContext
from mimi.crypto.hpke import SenderContext as SenderContext
from mimi.crypto.kdf import Kdf as Kdf
from mimi.crypto.kem import HPKEPrivateKey as HPKEPrivateKey
from mimi.crypto.kem import Kem as Kem
from mimi.crypto.mac import HmacSha256 as HmacSha256
from mimi.crypto.secret import Secret as Secret
from mimi.crypto.signature import SignaturePrivateKey as SignaturePrivateKey
from mimi.crypto.signature import SignatureScheme as SignatureScheme
from mimi.crypto.suite import CipherSuite as CipherSuite
from mimi.crypto.suite import Suite as Suite
from mimi.crypto.suite import known_suites as known_suites
from mimi.crypto.suite import register as register
from mimi.crypto.suite import suite_of as suite_of
