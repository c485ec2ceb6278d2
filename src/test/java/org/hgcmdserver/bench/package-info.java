/** Measurements beside the peers, in one run; not tests. Started by packaging/benchmark.sh. */
package org.hgcmdserver.bench;
