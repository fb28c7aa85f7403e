using System.Text.Json.Nodes;
using Etcdish.Kubernetes;

namespace Etcdish.Kubelet.Volumes;

/// <summary>A persistent volume that a pod has by a claim, as far as its node must know it.</summary>
/// <param name="Name">The volume's name.</param>
/// <param name="Spec">What it is: the volume's spec.</param>
/// <param name="ReadOnly">Whether the pod only reads it.</param>
/// <param name="IsFolderOfOurs">Whether it is a folder that this cluster's own provisioner chose and its node makes.</param>
internal sealed record ClaimedVolume(string Name, JsonObject Spec, bool ReadOnly, bool IsFolderOfOurs)
{
    /// <summary>Whether it is a block device and no file system.</summary>
    public bool IsBlock => Spec["volumeMode"]?.GetValue<string>() == "Block";

    /// <summary>What it is written as, to be known after a restart.</summary>
    public byte[] ToBytes() => JsonTree.ToBytes(new JsonObject
    {
        ["name"] = Name,
        ["spec"] = Spec.DeepClone(),
        ["readOnly"] = ReadOnly,
        ["isFolderOfOurs"] = IsFolderOfOurs,
    });

    /// <summary>Reads it.</summary>
    /// <exception cref="FormatException">It is none.</exception>
    public static ClaimedVolume Parse(ReadOnlySpan<byte> text)
    {
        try
        {
            var json = JsonTree.ParseObject(text);
            return new ClaimedVolume(
                json["name"]!.GetValue<string>(),
                json["spec"]!.AsObject(),
                json["readOnly"]!.GetValue<bool>(),
                json["isFolderOfOurs"]!.GetValue<bool>());
        }
        catch (Exception e) when (e is ObjectFormatException or NullReferenceException or InvalidOperationException)
        {
            throw new FormatException("no record of a volume", e);
        }
    }
}
