using System.Buffers;
using System.Text;
using Etcdish.Kubernetes;

namespace Etcdish.ApiServer.Registry;

/// <summary>
/// What stands in every object that a selection selects: keys and values of labels, names of nodes. Most objects of a large list are found
/// out not to be selected by a search for bytes, which takes a twentieth of the time of reading them. What has these texts may yet have them
/// elsewhere, and is read.
/// </summary>
internal sealed class RequiredTexts
{
    // No writer of JSON has another form for these, so a string of them is found as it is.
    private static readonly SearchValues<char> _plain =
        SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.");

    private readonly byte[][] _texts;

    /// <summary>Makes them.</summary>
    /// <param name="labels">The selector of labels.</param>
    /// <param name="fields">The selector of fields; of these, those count that have no value where they are missing.</param>
    public RequiredTexts(LabelSelector labels, FieldSelector fields)
    {
        List<string> texts = [];
        foreach (var requirement in labels.Requirements)
        {
            if (requirement.Operator is LabelOperator.In or LabelOperator.Exists)
            {
                texts.Add(requirement.Key);
            }

            if (requirement is { Operator: LabelOperator.In, Values.Count: 1 })
            {
                texts.Add(requirement.Values[0]);
            }
        }

        texts.AddRange(((string[])["metadata.name", "spec.nodeName"]).Select(fields.RequiredValue).OfType<string>());

        // The longest is likely to be the rarest.
        _texts =
        [
            .. texts.Where(text => text.Length > 0 && !text.AsSpan().ContainsAnyExcept(_plain))
                .OrderByDescending(text => text.Length)
                .Select(text => Encoding.ASCII.GetBytes($"\"{text}\"")),
        ];
    }

    /// <summary>Whether all of them stand in an object.</summary>
    public bool AreIn(ReadOnlySpan<byte> stored)
    {
        foreach (var text in _texts)
        {
            if (stored.IndexOf(text) < 0)
            {
                return false;
            }
        }

        return true;
    }
}
