using System.Text.Json;
using Etcdish.ApiServer.Http;
using Etcdish.Kubernetes;
using Microsoft.AspNetCore.Http;

namespace Etcdish.ApiServer.Registry;

/// <summary>The label and field selectors of a request. Objects are looked into only if there are any.</summary>
internal sealed class Selection
{
    private readonly LabelSelector _labels;
    private readonly FieldSelector _fields;
    private readonly RequiredTexts _required;

    private Selection(LabelSelector labels, FieldSelector fields)
    {
        _labels = labels;
        _fields = fields;
        _required = new RequiredTexts(labels, fields);
    }

    public static Selection Everything { get; } = new(LabelSelector.Everything, FieldSelector.Everything);

    public bool IsEverything => _labels.IsEverything && _fields.IsEverything;

    /// <summary>The one name that is selected, or null.</summary>
    public string? RequiredName => _fields.RequiredValue("metadata.name");

    /// <exception cref="ApiException">A selector cannot be understood, or asks for a field that cannot be selected by.</exception>
    public static Selection Read(IQueryCollection query, ResourceInfo resource)
    {
        try
        {
            var labels = LabelSelector.Parse(QueryValues.Text(query, "labelSelector"));
            var fields = FieldSelector.Parse(QueryValues.Text(query, "fieldSelector"));
            foreach (var requirement in fields.Requirements)
            {
                if (requirement.Field is not ("metadata.name" or "metadata.namespace")
                    && !resource.SelectableFields.Contains(requirement.Field))
                {
                    throw ApiErrors.BadRequest($"field label not supported: {requirement.Field}");
                }
            }

            return labels.IsEverything && fields.IsEverything ? Everything : new Selection(labels, fields);
        }
        catch (SelectorException e)
        {
            throw ApiErrors.BadRequest($"unable to parse requirement: {e.Message}");
        }
    }

    /// <summary>Whether a stored object is selected.</summary>
    public bool Matches(ReadOnlyMemory<byte> stored)
    {
        if (IsEverything)
        {
            return true;
        }

        if (!_required.AreIn(stored.Span))
        {
            return false;
        }

        using var document = JsonDocument.Parse(stored, new JsonDocumentOptions { MaxDepth = 512 });
        var root = document.RootElement;
        return (_fields.IsEverything || _fields.Matches(field => FieldText.Read(root, field)))
            && (_labels.IsEverything || _labels.Matches(ObjectFacts.ReadLabels(root)));
    }

    /// <summary>The same of an object that was looked into already.</summary>
    public bool Matches(ObjectFacts facts) =>
        (_fields.IsEverything || _fields.Matches(facts.Field)) && (_labels.IsEverything || _labels.Matches(facts.Labels));
}
