namespace Etcdish.ApiServer.Http;

/// <summary>In which form a client wants objects.</summary>
internal enum Representation
{
    /// <summary>As they are.</summary>
    Object,

    /// <summary>As rows of a table.</summary>
    Table,

    /// <summary>Their metadata only.</summary>
    Metadata,
}

/// <summary>Chooses the form of an answer by the Accept header: its first entry that can be served.</summary>
internal static class ContentNegotiation
{
    public static Representation Choose(string accept)
    {
        var any = false;
        foreach (var type in MediaType.ParseList(accept))
        {
            any = true;
            if (type.Name is not ("application/json" or "application/*" or "*/*"))
            {
                continue;
            }

            var isMeta = type["g"] == "meta.k8s.io" && type["v"] == "v1";
            switch (type["as"])
            {
                case "":
                    return Representation.Object;
                case "Table" when isMeta:
                    return Representation.Table;
                case "PartialObjectMetadata" or "PartialObjectMetadataList" when isMeta:
                    return Representation.Metadata;
            }
        }

        return any ? throw ApiErrors.NotAcceptable() : Representation.Object;
    }
}
