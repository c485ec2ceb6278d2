# shellcheck shell=sh disable=SC2154
# The launcher reads this file: its options for the JVM, one a line, each with its reason above. The words behind an
# option name the user's options that replace it.

# a small program needs neither the threads nor the memory of the other collectors; the last names are those of files,
# which may contain any option
default -XX:+UseSerialGC UseSerialGC UseParallelGC UseG1GC UseZGC UseShenandoahGC UseEpsilonGC \
    -XX:Flags= -XX:VMOptionsFile= ' @'

# the first compiler only: the code that matters runs too briefly for what the second one takes
default -XX:TieredStopAtLevel=1 TieredStopAtLevel TieredCompilation

# compiled after a tenth of the usual calls, since that code runs only briefly for each connection
default -XX:CompileThresholdScaling=0.1 CompileThresholdScaling

# the heap at the start: small, since it stays in memory
default -Xms8m -Xms -Xmn -Xmx HeapSize= NewSize= RAMPercentage= MaxRAM=

# garbage fills the young generation before it is collected, so all of that becomes resident
default -Xmn4m -Xms -Xmn -Xmx HeapSize= NewSize= RAMPercentage= MaxRAM=

# the most that the heap can take, in place of a quarter of the machine's memory
default -Xmx64m -Xms -Xmn -Xmx HeapSize= NewSize= RAMPercentage= MaxRAM=

# a small stack is enough for each thread
default -Xss512k -Xss ThreadStackSize=

# no file for jps and jstat in the temporary directory, which each start would write
default -XX:-UsePerfData UsePerfData

# the limit of descriptors stays as it is, since workers inherit it
default -XX:-MaxFDLimit MaxFDLimit

case $command-$platform in
    serve-Linux*)
        # the limits are set above; with container support the JVM reads its control group's limits all the time
        default -XX:-UseContainerSupport UseContainerSupport
        ;;
esac

case $command in
    serve)
        # for jstack: -Xrs, which goes with the blocked signals, disables the signal with which it attaches
        default -XX:+StartAttachListener
        ;;
esac

# a class-data archive that does not fit costs time only: the JVM would print warnings about it on standard output
default '-Xlog:cds*=off' -Xlog:cds -Xlog:all

# jnr-ffi, which jnr-posix uses, would generate classes when the daemon looks up the name of a user
default -Djnr.ffi.asm.enabled=false

# Java 24 and newer print a warning otherwise
default --enable-native-access=ALL-UNNAMED
