"""What the kernel is to end first when memory runs out: see Expendable.java, which does this for all others."""

SCORE = '/proc/self/oom_score_adj'  # proc_pid_oom_score_adj(5)
MORE = 100  # a tenth of the memory that there is
MOST = 1000


def become():
    """be preferred to the daemon, whose end would be that of all its clients; what this process starts is, too"""
    try:
        with open(SCORE, 'r+b', buffering=0) as score:
            score.write(b'%d' % min(MOST, max(0, int(score.read())) + MORE))
    except (OSError, ValueError):
        pass  # not Linux, or no /proc
