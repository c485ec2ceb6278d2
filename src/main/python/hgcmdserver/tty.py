"""The controlling terminal of a daemon that was started at one."""

import fcntl
import os
import termios


def leave():
    """Give up the controlling terminal (TIOCNOTTY in tty_ioctl(4)): a program that opens /dev/tty, such as ssh for a
    passphrase, fails, and the kernel does not stop it for reading from a background process. Not by setsid(2): in a
    session of its own, the kernel would not stop a worker for chg's Ctrl-Z."""
    try:
        tty = os.open('/dev/tty', os.O_RDWR | os.O_NOCTTY)
    except OSError:
        return  # the usual case
    try:
        fcntl.ioctl(tty, termios.TIOCNOTTY)
    except OSError:
        pass
    finally:
        os.close(tty)
