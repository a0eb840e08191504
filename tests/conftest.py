"""What every test may rely on, however the tests were started."""

import signal

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    # A shell that starts the tests in the background lets them, and every process they start, ignore an interrupt.
    signal.signal(signal.SIGINT, signal.default_int_handler)
