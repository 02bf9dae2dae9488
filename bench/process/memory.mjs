const sampleMs = 50;

/**
 * The memory of this process after many reads, and its peak, in megabytes of resident set size.
 *
 * @param {() => Promise<void>} operation
 * @param {{ reads: number, callers: number }} size
 */
export async function memory(operation, { reads, callers }) {
  let left = reads;
  let peak = 0;
  const look = () => {
    const rss = process.memoryUsage.rss();
    peak = Math.max(peak, rss);
    return rss;
  };
  const timer = setInterval(look, sampleMs);
  const call = async () => {
    while (left-- > 0) await operation();
  };
  await Promise.all(Array.from({ length: callers }, call));
  clearInterval(timer);
  const rss = look();
  return { rssMegabytes: rss / 1e6, peakMegabytes: peak / 1e6 };
}
