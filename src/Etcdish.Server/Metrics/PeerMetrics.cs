using Etcdish.Cluster;
using Etcdish.Cluster.Peers;

namespace Etcdish.Server.Metrics;

/// <summary>What goes between this member and the others, under etcd's names. Without others there are no samples.</summary>
internal static class PeerMetrics
{
    public static void Register(MetricRegistry registry, Node node)
    {
        string own = node.MemberId.ToString("x", null);
        Add("etcd_network_peer_sent_bytes_total", "counter", "The total number of bytes sent to peers.", "To", peer => peer.SentBytes);
        Add("etcd_network_peer_received_bytes_total", "counter", "The total number of bytes received from peers.", "From",
            peer => peer.ReceivedBytes);
        Add("etcd_network_peer_sent_failures_total", "counter", "The total number of send failures from peers.", "To",
            peer => peer.SendFailures);
        Add("etcd_network_peer_received_failures_total", "counter", "The total number of receive failures from peers.", "From",
            peer => peer.ReceiveFailures);
        AddBetween("etcd_network_active_peers", "gauge", "The current number of active peer connections.", peer => peer.IsActive ? 1 : 0);
        AddBetween("etcd_network_disconnected_peers_total", "counter", "The total number of disconnected peers.", peer => peer.Disconnects);
        AddBetween("etcd_network_known_peers", "gauge", "The current number of known peers.", static _ => 1);
        registry.AddFamily("etcd_network_peer_round_trip_time_seconds", "histogram", "Round-Trip-Time histogram between peers", writer =>
        {
            foreach ((ulong member, DurationHistogram trips) in node.Metrics.RoundTrips)
            {
                string labels = MetricWriter.Labels(("To", member.ToString("x", null)));
                writer.Buckets("etcd_network_peer_round_trip_time_seconds", labels, trips.Bounds, trips.Counts, trips.Seconds);
            }
        });

        void Add(string name, string type, string help, string side, Func<PeerTraffic, long> read) =>
            AddFamily(name, type, help, peer => MetricWriter.Labels((side, Hex(peer))), read);

        void AddBetween(string name, string type, string help, Func<PeerTraffic, long> read) =>
            AddFamily(name, type, help, peer => MetricWriter.Labels(("Local", own), ("Remote", Hex(peer))), read);

        void AddFamily(string name, string type, string help, Func<PeerTraffic, string> labels, Func<PeerTraffic, long> read) =>
            registry.AddFamily(name, type, help, writer =>
            {
                foreach (PeerTraffic peer in node.PeerTraffic)
                {
                    writer.Sample(name, labels(peer), read(peer));
                }
            });
    }

    private static string Hex(PeerTraffic peer) => peer.Member.ToString("x", null);
}
