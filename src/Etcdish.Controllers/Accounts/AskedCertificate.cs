using System.Formats.Asn1;
using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;

namespace Etcdish.Controllers.Accounts;

/// <summary>What a request of PKCS #10 asks for.</summary>
internal sealed class AskedCertificate
{
    private const string CommonNameId = "2.5.4.3";
    private const string OrganisationId = "2.5.4.10";
    private const string AlternativeNamesId = "2.5.29.17";

    private AskedCertificate(CertificateRequest request)
    {
        Request = request;
        foreach (var name in request.SubjectName.EnumerateRelativeDistinguishedNames(reversed: false))
        {
            if (name.HasMultipleElements)
            {
                continue;
            }

            var type = name.GetSingleElementType().Value;
            CommonName = type == CommonNameId ? name.GetSingleElementValue() ?? "" : CommonName;
            if (type == OrganisationId)
            {
                Organisations.Add(name.GetSingleElementValue() ?? "");
            }
        }

        AlternativeNames = request.CertificateExtensions.FirstOrDefault(extension => extension.Oid?.Value == AlternativeNamesId);
        if (AlternativeNames is not null)
        {
            ReadNames(AlternativeNames.RawData);
        }
    }

    /// <summary>The request, its signature checked.</summary>
    public CertificateRequest Request { get; }

    public string CommonName { get; } = "";

    public List<string> Organisations { get; } = [];

    /// <summary>The subject's other names, as they were asked for; null for none.</summary>
    public X509Extension? AlternativeNames { get; }

    public List<string> DnsNames { get; } = [];

    public int EmailAddresses { get; private set; }

    public List<IPAddress> IpAddresses { get; } = [];

    public int Uris { get; private set; }

    /// <exception cref="FormatException">This is no request, or it was not signed by the key that it is for.</exception>
    public static AskedCertificate Read(byte[] pem)
    {
        try
        {
            return new AskedCertificate(CertificateRequest.LoadSigningRequestPem(
                Encoding.ASCII.GetString(pem),
                HashAlgorithmName.SHA256,
                CertificateRequestLoadOptions.UnsafeLoadCertificateExtensions,
                RSASignaturePadding.Pkcs1));
        }
        catch (Exception e) when (e is CryptographicException or ArgumentException or AsnContentException)
        {
            throw new FormatException($"this is no certificate request: {e.Message}", e);
        }
    }

    /// <summary>Reads the names of each sort (RFC 5280, section 4.2.1.6).</summary>
    private void ReadNames(byte[] der)
    {
        var names = new AsnReader(der, AsnEncodingRules.DER).ReadSequence();
        while (names.HasData)
        {
            var tag = names.PeekTag();
            switch (tag.TagValue)
            {
                case 1:
                    EmailAddresses++;
                    names.ReadEncodedValue();
                    break;
                case 2:
                    DnsNames.Add(names.ReadCharacterString(UniversalTagNumber.IA5String, tag));
                    break;
                case 6:
                    Uris++;
                    names.ReadEncodedValue();
                    break;
                case 7:
                    IpAddresses.Add(new IPAddress(names.ReadOctetString(tag)));
                    break;
                default:
                    names.ReadEncodedValue();
                    break;
            }
        }
    }
}
