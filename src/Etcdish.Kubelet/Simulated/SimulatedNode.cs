using System.Net;

namespace Etcdish.Kubelet.Simulated;

/// <summary>One simulated node: who it is and which addresses it has. For use by many threads.</summary>
internal sealed class SimulatedNode
{
    // Nodes are in 172.16.0.0/12, a /24 of pods each in 10.128.0.0/9: room for 32,768 of them, clear of the services' default range.
    private const uint FirstNodeAddress = 0xAC10_0001;
    private const uint FirstPodNetwork = 0x0A80_0000;
    private const int PodAddresses = 256;

    private readonly Lock _lock = new();
    private readonly bool[] _taken = new bool[PodAddresses];
    private readonly uint _network;
    private int _next = 2;

    /// <summary>Makes one.</summary>
    /// <param name="options">What it has.</param>
    /// <param name="index">Its number, from 0.</param>
    public SimulatedNode(SimulatedNodesOptions options, int index)
    {
        Name = $"{options.NamePrefix}{index}";
        Index = index;
        Zone = options.Zones == 0 ? "" : $"zone-{index % options.Zones}";
        Address = Text(FirstNodeAddress + (uint)index);
        _network = FirstPodNetwork + (uint)(index * PodAddresses);
        PodNetwork = $"{Text(_network)}/24";
    }

    /// <summary>Its name.</summary>
    public string Name { get; }

    /// <summary>Its number, from 0.</summary>
    public int Index { get; }

    /// <summary>Its zone, or empty.</summary>
    public string Zone { get; }

    /// <summary>Its own address.</summary>
    public string Address { get; }

    /// <summary>The range of its pods' addresses.</summary>
    public string PodNetwork { get; }

    /// <summary>The uid of its object, once it is registered.</summary>
    public string Uid { get; set; } = "";

    /// <summary>Whether it is there: registered, and neither deleted nor cut off.</summary>
    public bool IsUp => Uid.Length > 0 && !IsSilent;

    /// <summary>Whether it neither says anything nor does anything, as if it had lost its network.</summary>
    public bool IsSilent { get; set; }

    /// <summary>Takes an address for a pod. The one given back longest ago comes next.</summary>
    public string TakeAddress()
    {
        lock (_lock)
        {
            for (var i = 0; i < PodAddresses; i++)
            {
                var slot = _next;
                _next = _next + 1 < PodAddresses - 1 ? _next + 1 : 2;
                if (!_taken[slot])
                {
                    _taken[slot] = true;
                    return Text(_network + (uint)slot);
                }
            }
        }

        // More pods than a node may have, since somebody bound them by hand.
        return "";
    }

    /// <summary>Takes the address that a pod has already.</summary>
    public void Keep(string address) => Mark(address, taken: true);

    /// <summary>Gives an address back.</summary>
    public void GiveBack(string address) => Mark(address, taken: false);

    private static string Text(uint address) => new IPAddress((uint)IPAddress.HostToNetworkOrder((int)address)).ToString();

    private void Mark(string address, bool taken)
    {
        if (!IPAddress.TryParse(address, out var parsed) || parsed.GetAddressBytes() is not { Length: 4 } bytes)
        {
            return;
        }

        var slot = (long)((uint)((bytes[0] << 24) | (bytes[1] << 16) | (bytes[2] << 8) | bytes[3])) - _network;
        lock (_lock)
        {
            if (slot is >= 0 and < PodAddresses)
            {
                _taken[slot] = taken;
            }
        }
    }
}
