/**
 * Measurements of this daemon and its peers in one run; not tests. packaging/benchmark.sh starts
 * them.
 */
package org.hgcmdserver.bench;
